"""How far the viewer has read the chats of orders, and what is still unread."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

import models
from core.context import Info
from core.cursors import Cursor
from core.statements import Sees
from core.viewer import Viewer
from engine.fields import within
from models import Kind, LogEntry, Mention, Message, Order, ReadMarker


@dataclass(slots=True)
class ReadState:
    """How far the viewer has read an order's feed, and what is unread since."""

    up_to: Cursor | None
    unread_messages: int
    unread_mentions: int


async def of_orders(orders: Sequence[Order], info: Info) -> list[ReadState]:
    """How far the viewer has read its feed, and what is unread since. Nothing for customers."""
    keys = [order.id for order in orders]
    markers = {
        order_id: Cursor.at(info.context.viewer.organization_id, seq, entry_id)
        for order_id, seq, entry_id in await info.read(_markers, keys=keys)
    }
    counts: dict[UUID, tuple[int, int]] = {
        order_id: (messages, mentions)
        for order_id, messages, mentions in await info.read(_unread, keys=keys)
    }
    return [ReadState(markers.get(key), *counts.get(key, (0, 0))) for key in keys]


async def unread_mentions(viewers: Sequence[Viewer], info: Info) -> list[int]:
    """How many messages mention the viewer that are unread, on all orders together."""
    (count,) = await info.read(_unread_mentions)
    return [count] * len(viewers)


def _markers(sees: Sees) -> Any:
    """The places up to which the viewer has read orders of the `keys`."""
    entry, marker = LogEntry, ReadMarker
    there = and_(entry.organization_id == marker.organization_id, entry.seq == marker.seq)
    return (
        select(marker.order_id, marker.seq, entry.id)
        .join_from(marker, entry, there)
        .where(sees.visible(marker), within(marker.order_id, "keys"))
    )


def _unread(sees: Sees) -> Select[Any]:
    """How many messages and mentions are unread on each order of the `keys`."""
    counted: Any = select(LogEntry.order_id, func.count(Message.id), func.count(Mention.id))
    told = _told(counted, sees).where(within(LogEntry.order_id, "keys"))
    return told.where(_kinds(Kind.MESSAGE_POSTED, Kind.PERSON_MENTIONED)).group_by(
        LogEntry.order_id
    )


def _unread_mentions(sees: Sees) -> Select[Any]:
    counted = select(func.count(Mention.id))
    return _told(counted, sees).where(_kinds(Kind.PERSON_MENTIONED))


def _told(counted: Select[Any], sees: Sees) -> Select[Any]:
    """What of messages and mentions the log has told the viewer behind the own markers."""
    entry, marker, message, mention = LogEntry, ReadMarker, Message, Mention
    mine = and_(
        marker.organization_id == entry.organization_id,
        marker.order_id == entry.order_id,
        marker.person_id == sees.sight.id,
    )
    posted = and_(
        entry.kind == Kind.MESSAGE_POSTED,
        message.organization_id == entry.organization_id,
        message.id == entry.subject_id,
        message.deleted_at.is_(None),
        message.author_id != sees.sight.id,
    )
    mentioned = and_(
        entry.kind == Kind.PERSON_MENTIONED,
        mention.organization_id == entry.organization_id,
        mention.id == entry.subject_id,
    )
    since = func.coalesce(marker.seq, 0)
    place = case((entry.kind == Kind.PERSON_MENTIONED, _mentioned_at()), else_=entry.seq)
    return (
        counted.select_from(entry)
        .outerjoin(marker, mine)
        .outerjoin(message, posted)
        .outerjoin(mention, mentioned)
        .where(sees.visible(entry), entry.seq > since, place > since)
    )


def _mentioned_at() -> ColumnElement[int]:
    """The place of what a client reads: the message's own entry comes just before the mention's."""
    written = aliased(LogEntry)
    return (
        select(func.max(written.seq))
        .where(
            written.organization_id == LogEntry.organization_id,
            written.subject_id == Mention.message_id,
            or_(*(written.kind == kind for kind in models.MESSAGES)),
            written.seq < LogEntry.seq,
        )
        .scalar_subquery()
    )


def _kinds(*kinds: Kind) -> ColumnElement[bool]:
    return or_(*(LogEntry.kind == kind for kind in kinds))
