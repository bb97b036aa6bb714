"""Services of orders, as clients see them."""

from datetime import datetime
from typing import Annotated

import models
from core import may
from engine.fields import batch, column, one
from models import ServiceStatus
from resolvers import order_services
from schema.base import Node, mutation, shape, shape_of
from schema.people import Person


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
class OrderService(Node):
    """A service on an order, as it moves through production."""

    version: int
    """Grows by one with each edit."""
    name: str
    """What it is called on this order."""
    status: ServiceStatus
    """The stage it has reached."""
    position: int
    """Its place among the services of the order in the same status, from 0."""
    notes: Annotated[str | None, column("notes", when=may.see_work)]
    """The agency's own notes; null for customers."""
    escalation: Annotated[Escalation | None, batch(order_services.escalations)]


mutations = [
    mutation(order_services.move_order_service, OrderService),
    mutation(order_services.rename_order_service, OrderService),
]
