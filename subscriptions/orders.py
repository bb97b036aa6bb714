"""The streams of one order's feed, and of many orders for a board."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from sqlalchemy import ColumnElement, Select, and_, or_
from typing_extensions import Doc

import models
from core import ids, log_filter, order_filter
from core.arguments import After, OrderId, OrderServiceId
from core.context import Context, Info
from core.errors import NotFound
from core.log_filter import FeedKind, Wanted
from core.order_filter import OrderFilter
from core.records import select_records
from core.visibility import visible
from engine.fields import among
from models import Kind, LogEntry, Order, Person
from subscriptions.events import StreamEvent
from subscriptions.streams import Stream

# After any other kind, an order that does not fit a filter did not fit it before either.
_MAY_LEAVE_A_FILTER = frozenset(
    {
        Kind.ORDER_STATUS_CHANGED,
        Kind.PAYMENT_STATUS_CHANGED,
        Kind.CUSTOMER_CHANGED,
        Kind.PROPERTY_CHANGED,
        Kind.SERVICE_ADDED,
        Kind.SERVICE_REMOVED,
        Kind.SERVICE_MOVED,
        Kind.SERVICE_RENAMED,
        Kind.SERVICE_ESCALATED,
        Kind.ESCALATION_RESOLVED,
        Kind.PROJECT_MANAGER_CHANGED,
        Kind.TEAM_MEMBER_ADDED,
        Kind.TEAM_MEMBER_REMOVED,
        Kind.ASSIGNEE_CHANGED,
    }
)


async def order_feed(
    info: Info,
    order_id: Annotated[OrderId, Doc("The order to follow.")],
    order_service_id: Annotated[OrderServiceId, Doc("Only what is about this service.")]
    | None = None,
    include: Annotated[list[FeedKind], Doc("What to include; everything if not given.")]
    | None = None,
    after: After | None = None,
) -> Stream:
    """Messages and activity of an order, as they come; edits and deletions of messages too."""
    if not await info.context.now(info.context.select(Order).where(Order.id == order_id)):
        raise NotFound("orderId", "There is no such order.")
    if order_service_id is not None:
        service = models.OrderService
        there = info.context.select(service).where(service.id == order_service_id)
        if not await info.context.now(there.where(service.order_id == order_id)):
            raise NotFound("orderServiceId", "There is no such service on this order.")
    kinds = log_filter.feed_kinds(include, edits=True)
    return Stream(info.context, Wanted(kinds, {order_id}, order_service_id), after)


async def orders_changed(
    info: Info, filter: OrderFilter | None = None, after: After | None = None
) -> Stream:
    """Orders that change, for a board: those that fit a filter, and those that cease to.

    Who gains or loses an order is told so, too.
    """
    wanted = Wanted(models.SHARED, only_of_orders=True)
    fitting = order_filter.condition(filter, info.context.viewer)
    return Board(info.context, wanted, after, fitting)


async def orders_read(info: Info, after: After | None = None) -> Stream:
    """Orders that the viewer has read further, on whatever device."""
    # The audience of such an entry is one person, so that the viewer sees only the own ones.
    return Stream(info.context, Wanted({Kind.ORDER_READ}), after)


@dataclass(frozen=True)
class Board(Stream):
    """A stream of orders, each with whether it fits now."""

    fitting: ColumnElement[bool]
    tells_named = True

    def entries(self, context: Context) -> Select[Any]:
        """The wanted entries that the viewer may see, or that name the viewer."""
        viewer = context.viewer
        if viewer.is_staff:
            return super().entries(context)
        me = LogEntry.params["changes"].astext.contains(ids.encode(Person, viewer.id))
        names_me = and_(
            LogEntry.organization_id == viewer.organization_id,
            among(LogEntry.kind, models.PARTS),
            me,
        )
        told = or_(visible(LogEntry, viewer), names_me)
        return select_records(LogEntry).where(told, self.wanted.condition(viewer))

    async def event(self, context: Context, event: StreamEvent) -> StreamEvent | None:
        """The event, if its order fits the filter, or may have ceased to."""
        entry = event.entry
        if entry is None:
            return event
        order = context.select(Order).where(Order.id == entry.order_id)
        fits = bool(await context.now(order.where(self.fitting)))
        seen = context.viewer.is_staff or bool(
            await context.now(context.select(LogEntry).where(LogEntry.seq == entry.seq))
        )
        if fits or not seen or entry.kind in _MAY_LEAVE_A_FILTER:
            return replace(event, fits=fits, is_hidden=not seen)
        return None
