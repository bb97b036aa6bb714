"""Orders, as clients see them."""

from datetime import datetime
from typing import Annotated

import models
from core import may
from core.viewer import Scope
from engine.fields import batch, column, each, itself, many, one
from models import OrderStatus, PaymentStatus
from resolvers import (
    assignments,
    booking,
    chat,
    checklists,
    log,
    order_services,
    orders,
    progress,
    reading,
)
from schema.assignments import Assignment
from schema.base import Connection, Node, mutation, query, shape, shape_of
from schema.chat import Message, ReadState
from schema.checklists import Checklist, Progress
from schema.log import FeedEntry
from schema.order_services import OrderService
from schema.people import Person
from schema.scopes import readable, requires, requiring


@shape_of(models.Order)
class Property:
    """The property that an order is about."""

    street: Annotated[str, column("property_street")]
    """Street and house number."""
    unit: Annotated[str, column("property_unit")]
    """Apartment or floor; may be empty."""
    city: Annotated[str, column("property_city")]
    """Town or city."""
    region: Annotated[str, column("property_region")]
    """State or province; may be empty."""
    postal_code: Annotated[str, column("property_postal_code")]
    """The postal code; may be empty."""
    country: Annotated[str, column("property_country")]
    """The country, by its name or code."""
    entry_notes: Annotated[str, column("property_entry_notes")]
    """How to get in; may be empty."""


@shape
@readable(Scope.ORDERS_READ)
class Order(Node):
    """One booking of services for a property."""

    version: Annotated[int | None, column("version", when=may.see_work)]
    """Grows by one with each edit; null for customers, who see few of them."""
    number: Annotated[str, each(orders.number, reads=["number"])]
    name: str
    """What it is called."""
    status: OrderStatus
    """Where it stands."""
    payment_status: PaymentStatus
    """Where its payment stands."""
    created_at: datetime
    """When it was booked."""
    updated_at: Annotated[datetime | None, column("updated_at", when=may.see_work)]
    """When it was last edited; null for customers."""
    due_at: datetime | None
    """When it is due."""
    customer: Annotated[Person, one(models.Person, by="customer_id")]
    """Who booked it."""
    property: Annotated[Property, itself()]
    """The property it is about."""
    notes: Annotated[str | None, column("notes", when=may.see_work)]
    """The agency's own notes; null for customers."""
    services: Annotated[list[OrderService], batch(orders.services)]
    project_manager: Annotated[Person | None, batch(assignments.project_managers)]
    team: Annotated[list[Person], batch(assignments.teams)]
    assignments: Annotated[
        list[Assignment], many(models.Assignment, by="order_id", order_by=("created_at", "id"))
    ]
    """Everyone who works on it or on a service of it; none for customers."""
    checklists: Annotated[list[Checklist], batch(checklists.of_orders)]
    progress: Annotated[Progress, batch(progress.of_orders)]
    last_message: Annotated[Message | None, batch(chat.last_messages)]
    read_state: Annotated[
        ReadState, requiring(Scope.CHAT_READ, batch(reading.of_orders, personal=True))
    ]
    feed: Annotated[Connection[FeedEntry], requiring(Scope.LOG_READ, batch(log.feeds))]


queries = requires(
    Scope.ORDERS_READ,
    query(orders.order, Order | None, reads_once=True),
    query(orders.orders, Connection[Order], reads_once=True),
)

mutations = requires(
    Scope.ORDERS_WRITE,
    mutation(booking.create_order, Order),
    mutation(booking.update_order_customer, Order),
    mutation(booking.update_order_property, Order),
    mutation(orders.update_order_notes, Order),
    mutation(orders.set_order_status, Order),
    mutation(orders.set_payment_status, Order),
    mutation(booking.add_order_services, Order),
    mutation(order_services.remove_order_package, Order),
    mutation(assignments.set_project_manager, Order),
    mutation(assignments.add_team_member, Order),
    mutation(assignments.remove_team_member, Order),
    mutation(chat.mark_read, Order),
)
