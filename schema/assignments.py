"""Assignments, as clients see them."""

from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from core.viewer import Scope
from engine.fields import one
from models import AssignmentRole
from schema.base import Node, shape
from schema.people import Person
from schema.scopes import readable

if TYPE_CHECKING:
    from schema.order_services import OrderService
    from schema.orders import Order


@shape
@readable(Scope.ORDERS_READ)
class Assignment(Node):
    """That someone works on an order, or on one service of it."""

    role: AssignmentRole
    """What the person is there."""
    person: Annotated[Person, one(models.Person, by="person_id")]
    """Who works on it."""
    order: Annotated["Order", strawberry.lazy("schema.orders"), one(models.Order, by="order_id")]
    """The order that it is about."""
    order_service: Annotated[
        Annotated["OrderService", strawberry.lazy("schema.order_services")] | None,
        one(models.OrderService, by="order_service_id"),
    ]
    """The service that an `ASSIGNEE` does; null in the other roles."""
