"""Who is at an order, as clients see it."""

from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from core.viewer import Scope
from engine.fields import one
from resolvers import presence
from schema.base import shape_of, signal, subscription
from schema.people import Person
from schema.scopes import readable, requires
from subscriptions import presence as follow
from subscriptions import room
from subscriptions.events import PresenceEvent as Event

if TYPE_CHECKING:
    from schema.order_services import OrderService


@shape_of(room.PresentPerson)
@readable(Scope.CHAT_READ)
class PresentPerson:
    """Somebody who is at an order."""

    person: Annotated[Person, one(models.Person, by="person_id")]
    """Who is there."""
    is_typing: bool
    """Whether the person writes a message there right now."""
    order_service: Annotated[
        Annotated["OrderService", strawberry.lazy("schema.order_services")] | None,
        one(models.OrderService, by="order_service_id"),
    ]
    """The service that the person writes about; null for the order as a whole."""


@shape_of(Event)
@readable(Scope.CHAT_READ)
class PresenceEvent:
    """Who is at an order now. It has no cursor: nothing of it is kept."""

    people: list[PresentPerson]
    """Who is there, those first who type; 50 at most. The viewer is among them."""
    total: int
    """How many there are, also if not all are listed."""


mutations = requires(
    Scope.CHAT_WRITE,
    signal(
        presence.signal_typing,
        seconds=(int, "How long it is shown, unless it is said again; 0 if it has ended."),
    ),
)

subscriptions = requires(Scope.CHAT_READ, subscription(follow.order_presence, PresenceEvent))
