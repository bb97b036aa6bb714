"""Streams: what was missed from the log, then what comes, without loss or double between."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from sqlalchemy import ColumnElement, select

from core import log_places
from core.context import Context
from core.cursors import Cursor
from core.errors import Unavailable
from models import LogEntry
from subscriptions.hub import Diverged

_PAGE = 100


class StreamEventType(Enum):
    """What an event of a stream tells."""

    CHANGE = "CHANGE"
    """Something happened: the event carries it."""
    READY = "READY"
    """What was missed is told; from here on, events come as they happen."""
    RESYNC = "RESYNC"
    """What happened since `after` can't be told: query anew. The stream goes on from here."""


@dataclass(frozen=True)
class StreamEvent:
    """Something that a stream tells, and the place in the log after it."""

    type: StreamEventType
    cursor: Cursor
    entry: LogEntry | None = None
    fits: bool = True


async def follow(
    context: Context, wanted: ColumnElement[bool], after: Cursor | None
) -> AsyncGenerator[StreamEvent, None]:
    """The entries that the viewer may see and that are wanted: those after `after`, then live.

    Each page is read, and so its entries' audience judged, when it is sent. `Invalid` if the
    cursor is of another organization.
    """
    if after:
        log_places.require_own(context, after, "after")
    return _apart(context, _events(context, wanted, after))


async def _apart(
    context: Context, events: AsyncGenerator[StreamEvent, None]
) -> AsyncGenerator[StreamEvent, None]:
    """The events, each shown as things are when it is sent; no connection is held in between."""
    async with aclosing(events):
        async for event in events:
            try:
                yield event
            finally:
                await context.release()


async def _events(
    context: Context, wanted: ColumnElement[bool], after: Cursor | None
) -> AsyncGenerator[StreamEvent, None]:
    organization_id = context.viewer.organization_id
    async with aclosing(context.hub.heads(organization_id)) as heads:
        head = await anext(heads)
        here = await _place(context, head)
        if after and not await _is_there(context, after, head):
            yield StreamEvent(StreamEventType.RESYNC, here)
            after = None
        last = after.seq if after else head
        async for event in _between(context, wanted, last, head):
            yield event
        yield StreamEvent(StreamEventType.READY, here)
        try:
            async for grown in heads:
                async for event in _between(context, wanted, head, grown):
                    yield event
                head = grown
        except Diverged:
            # The log lost what was told of it. Resumed, `after` leads to a resync.
            raise Unavailable("The log has to be read anew: subscribe again.") from None


async def _between(
    context: Context, wanted: ColumnElement[bool], last: int, head: int
) -> AsyncGenerator[StreamEvent, None]:
    """The wanted entries after number `last`, up to number `head`, page by page."""
    visible = context.select(LogEntry).where(wanted, LogEntry.seq <= head)
    while last < head:
        page = visible.where(LogEntry.seq > last).order_by(LogEntry.seq).limit(_PAGE)
        entries = await context.now(page)
        for entry in entries:
            cursor = Cursor.at(entry.organization_id, entry.seq, entry.id)
            yield StreamEvent(StreamEventType.CHANGE, cursor, entry)
        last = entries[-1].seq if len(entries) == _PAGE else head


async def _place(context: Context, seq: int) -> Cursor:
    """The place after entry number `seq`."""
    return Cursor.at(context.viewer.organization_id, seq, await _id(context, seq))


async def _is_there(context: Context, cursor: Cursor, head: int) -> bool:
    """Whether the log still has the very entry that a cursor was made for."""
    return cursor.seq <= head and cursor == await _place(context, cursor.seq)


async def _id(context: Context, seq: int) -> UUID | None:
    statement = select(LogEntry.id).where(
        LogEntry.organization_id == context.viewer.organization_id, LogEntry.seq == seq
    )
    return next(iter(await context.now(statement)), None)
