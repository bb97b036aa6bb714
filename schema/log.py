"""The log, as clients see it: activity, feeds, and the streams that follow it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from core.cursors import Cursor
from core.viewer import Scope
from engine.fields import batch, column, each, one
from models import Kind
from resolvers import activity, log, streams
from schema.base import Connection, Node, query, shape_of, subscription
from schema.chat import Mention, Message
from schema.people import Person
from schema.scopes import readable, requires
from subscriptions import chat, orders
from subscriptions import log as follow
from subscriptions.events import StreamEvent, StreamEventType

if TYPE_CHECKING:
    from schema.order_services import OrderService
    from schema.orders import Order


@shape_of(activity.Change)
class Change:
    """One value that is another now."""

    field: str
    """What changed."""
    before: str | None
    """The value before; ids are ids, statuses are their names."""
    after: str | None
    """The value since."""


@shape_of(models.LogEntry)
@readable(Scope.LOG_READ)
class Activity(Node):
    """Something that somebody did."""

    kind: Kind
    """What happened."""
    at: datetime
    """When."""
    cursor: Annotated[Cursor, each(log.cursor_of, reads=["organization_id", "seq", "id"])]
    actor: Annotated[Person | None, one(models.Person, by="actor_id")]
    """Who did it; null for the system, and where the viewer may not know."""
    order: Annotated[
        Annotated["Order", strawberry.lazy("schema.orders")] | None,
        one(models.Order, by="order_id"),
    ]
    """The order it happened on."""
    order_service: Annotated[
        Annotated["OrderService", strawberry.lazy("schema.order_services")] | None,
        one(models.OrderService, by="order_service_id"),
    ]
    """The service of the order that it is about."""
    subject_id: Annotated[
        strawberry.ID, each(activity.subject_id, reads=["subject_type", "subject_id"])
    ]
    subject: Annotated[Node | None, batch(activity.subjects, reads=["subject_type", "subject_id"])]
    changes: Annotated[list[Change], each(activity.changes, reads=["params"])]
    checklist_items: Annotated[list[str], each(activity.checklist_items, reads=["params"])]
    summary: Annotated[str, each(activity.summary, reads=["kind", "params"])]


FeedEntry = Annotated[
    Message | Activity,
    strawberry.union("FeedEntry", description="Something in an order's feed."),
]


@shape_of(StreamEvent)
class FeedEvent:
    """Something that a stream of an order's feed tells."""

    type: StreamEventType
    """What this event tells."""
    cursor: Cursor
    """The place in the log after it: subscribe `after` it to go on from here."""
    kind: Annotated[Kind | None, each(streams.kind)]
    entry: Annotated[FeedEntry | None, batch(streams.feed_entries)]


@shape_of(StreamEvent)
class MentionEvent:
    """Something that the stream of a person's mentions tells."""

    type: StreamEventType
    """What this event tells."""
    cursor: Cursor
    """The place in the log after it: subscribe `after` it to go on from here."""
    mention: Annotated[Mention | None, batch(streams.mentions)]


@shape_of(StreamEvent)
class ActivityEvent:
    """Something that a stream of activity tells."""

    type: StreamEventType
    """What this event tells."""
    cursor: Cursor
    """The place in the log after it: subscribe `after` it to go on from here."""
    activity: Annotated[Activity | None, column("entry")]
    """What somebody did; null unless the type is `CHANGE`."""


@shape_of(StreamEvent)
class OrderEvent:
    """Something that a stream of orders tells."""

    type: StreamEventType
    """What this event tells."""
    cursor: Cursor
    """The place in the log after it: subscribe `after` it to go on from here."""
    kind: Annotated[Kind | None, each(streams.kind)]
    order_id: Annotated[strawberry.ID | None, each(streams.order_id)]
    order: Annotated[
        Annotated["Order", strawberry.lazy("schema.orders")] | None, batch(streams.orders)
    ]
    fits: bool
    """Whether the order fits the filter now; false tells a board to take it away."""


queries = requires(
    Scope.LOG_READ,
    query(log.cursor, Cursor, reads_once=True),
    query(log.activity, Connection[Activity]),
    query(log.log, Connection[Activity]),
)

subscriptions = [
    *requires(
        Scope.LOG_READ,
        subscription(orders.order_feed, FeedEvent),
        subscription(follow.activity, ActivityEvent),
        subscription(follow.log, ActivityEvent),
    ),
    *requires(Scope.ORDERS_READ, subscription(orders.orders_changed, OrderEvent)),
    *requires(
        Scope.CHAT_READ,
        subscription(orders.orders_read, OrderEvent),
        subscription(chat.mentions, MentionEvent),
    ),
]
