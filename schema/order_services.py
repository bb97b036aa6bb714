"""Services of orders, as clients see them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from core import may
from core.viewer import Scope
from engine.fields import batch, column, one
from models import ServiceStatus
from resolvers import assignments, checklists, order_services, progress
from schema.base import Node, mutation, shape, shape_of
from schema.checklists import Checklist, Progress
from schema.people import Person
from schema.scopes import readable, requires
from schema.services import Package, Service

if TYPE_CHECKING:
    from schema.orders import Order


@shape_of(models.OrderService)
class Escalation:
    """That a service of an order needs attention now."""

    reason: Annotated[str, column("escalation_reason")]
    """Why; may be empty."""
    at: Annotated[datetime, column("escalated_at")]
    """Since when."""
    by: Annotated[Person | None, one(models.Person, by="escalated_by_id")]
    """Who raised it."""


@shape
@readable(Scope.ORDERS_READ)
class OrderService(Node):
    """A service on an order, as it moves through production."""

    version: Annotated[int | None, column("version", when=may.see_work)]
    """Grows by one with each edit; null for customers, who see few of them."""
    name: str
    """What it is called on this order."""
    status: ServiceStatus
    """The stage it has reached."""
    position: int
    """Its place among the services of the order in the same status, from 0."""
    notes: Annotated[str | None, column("notes", when=may.see_work)]
    """The agency's own notes; null for customers."""
    escalation: Annotated[
        Escalation | None, batch(order_services.escalations, reads=["escalated_at"])
    ]
    order: Annotated["Order", strawberry.lazy("schema.orders"), one(models.Order, by="order_id")]
    """The order it is on."""
    service: Annotated[Service | None, one(models.Service, by="service_id")]
    """The service of the catalogue that it came from."""
    package: Annotated[Package | None, one(models.Package, by="package_id")]
    """The package that it came with."""
    assignee: Annotated[Person | None, batch(assignments.assignees)]
    checklists: Annotated[list[Checklist], batch(checklists.of_services)]
    progress: Annotated[Progress, batch(progress.of_services)]


mutations = requires(
    Scope.ORDERS_WRITE,
    mutation(order_services.move_order_service, OrderService),
    mutation(order_services.remove_order_service, OrderService),
    mutation(order_services.rename_order_service, OrderService),
    mutation(order_services.update_order_service_notes, OrderService),
    mutation(order_services.escalate_order_service, OrderService),
    mutation(order_services.resolve_escalation, OrderService),
    mutation(assignments.assign_order_service, OrderService),
    mutation(assignments.unassign_order_service, OrderService),
)
