"""The streams of one order's feed, and of many orders for a board."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated

from sqlalchemy import ColumnElement
from typing_extensions import Doc

import models
from core import log_filter, order_filter
from core.arguments import After, OrderId, OrderServiceId
from core.context import Context, Info
from core.errors import NotFound
from core.log_filter import FeedKind
from core.order_filter import OrderFilter
from engine.fields import among
from models import Kind, LogEntry, Order
from subscriptions.streams import StreamEvent, StreamEventType, follow

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
) -> AsyncGenerator[StreamEvent, None]:
    """Messages and activity of an order, as they come; edits and deletions of messages too."""
    if not await info.context.now(info.context.select(Order).where(Order.id == order_id)):
        raise NotFound("orderId", "There is no such order.")
    if order_service_id is not None:
        service = models.OrderService
        there = info.context.select(service).where(service.id == order_service_id)
        if not await info.context.now(there.where(service.order_id == order_id)):
            raise NotFound("orderServiceId", "There is no such service on this order.")
    wanted = log_filter.feed(include, order_service_id)
    return await follow(info.context, wanted & (LogEntry.order_id == order_id), after)


async def orders_changed(
    info: Info, filter: OrderFilter | None = None, after: After | None = None
) -> AsyncGenerator[StreamEvent, None]:
    """Orders that change, for a board: those that fit a filter, and those that cease to."""
    fitting = order_filter.condition(filter, info.context.viewer)
    wanted = LogEntry.order_id.is_not(None) & among(
        LogEntry.kind, models.ACTIVITY | models.MESSAGES
    )
    events = await follow(info.context, wanted, after)
    return _judged(info.context, events, fitting)


async def _judged(
    context: Context, events: AsyncGenerator[StreamEvent, None], fitting: ColumnElement[bool]
) -> AsyncGenerator[StreamEvent, None]:
    async with aclosing(events):
        async for event in events:
            if event.type is not StreamEventType.CHANGE or event.entry is None:
                yield event
                continue
            order = context.select(Order).where(Order.id == event.entry.order_id)
            fits = bool(await context.now(order.where(fitting)))
            if fits or event.entry.kind in _MAY_LEAVE_A_FILTER:
                yield replace(event, fits=fits)
