"""Reads of the log: the activity of an agency, and the feeds of its orders."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Select, bindparam, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased
from typing_extensions import Doc

import models
from core import log_filter, log_places, may
from core.arguments import First, Last, OrderServiceId, PlaceInLog
from core.context import Context, Info
from core.cursors import Cursor
from core.log_filter import ActivityFilter, FeedKind, Wanted
from core.pages import Edge, Page, Slice
from core.statements import Sees, narrowed
from engine.fields import load, rows_of, within
from models import Kind, LogEntry, Message, Order

Include = Annotated[list[FeedKind], Doc("What to include; everything if not given.")]
AboutService = Annotated[OrderServiceId, Doc("Only what is about this service.")]
After = Annotated[Cursor, PlaceInLog("Start after this place in the log.")]
Before = Annotated[Cursor, PlaceInLog("End before this place in the log.")]
_END = 2**63 - 1
_CURSOR_READS = ("organization_id", "seq")
_FEED_READS = (*_CURSOR_READS, "order_id", "kind", "subject_id")


async def cursor(info: Info) -> Cursor:
    """The end of the log as this answer knows it: subscribe `after` it, and miss nothing since."""
    return await log_places.end(info.context)


async def activity(
    info: Info,
    filter: ActivityFilter | None = None,
    first: First | None = None,
    after: After | None = None,
    last: Last | None = None,
    before: Before | None = None,
) -> Page[models.LogEntry]:
    """What people did, oldest first: everything that the viewer may see and that fits a filter."""
    part = _slice(info.context, first, after, last, before)
    return await _page(info, models.ACTIVITY, filter, part, after, before)


async def log(
    info: Info,
    filter: ActivityFilter | None = None,
    first: First | None = None,
    after: After | None = None,
    last: Last | None = None,
    before: Before | None = None,
) -> Page[models.LogEntry]:
    """The whole log, oldest first, but for what only one person is told. Staff and admins.

    `RESYNC` if the log does not know the place `after`.
    """
    may.require(may.Standing(info.context.viewer), may.read_log)
    if after is not None:
        await log_places.require_known(info.context, after, "after")
    part = _slice(info.context, first, after, last, before)
    return await _page(info, models.SHARED, filter, part, after, before)


async def _page(
    info: Info,
    kinds: Collection[Kind],
    filter: ActivityFilter | None,
    part: Slice,
    after: Cursor | None,
    before: Cursor | None,
) -> Page[models.LogEntry]:
    context = info.context
    wanted = context.select(LogEntry).where(Wanted.of(kinds, filter).condition(context.viewer))

    async def count() -> int:
        counted = select(func.count()).select_from(wanted.subquery())
        return int((await info.noted(context.rows(counted)))[0])

    needed = narrowed(wanted, info.needs, _CURSOR_READS)
    rows = await info.noted(context.rows(_cut(needed, part, after, before)))
    return part.page(rows, cursor_of, count)


async def feeds(
    orders: Sequence[models.Order],
    info: Info,
    include: Include | None = None,
    order_service_id: AboutService | None = None,
    first: First | None = None,
    after: After | None = None,
    last: Last | None = None,
    before: Before | None = None,
) -> list[Page[models.LogEntry | models.Message]]:
    """Its messages and activity, oldest first; the last 20 if not told how many.

    A message stands at the place where it was posted, and is shown as it is now.
    """
    newest = 20 if first is None and last is None and after is None else None
    part = _slice(info.context, first, after, last or newest, before)
    keys = [order.id for order in orders]
    read = await info.read(
        _feed_of_each,
        part.backwards,
        keys=keys,
        kinds=log_filter.feed_kinds(include, edits=False),
        service_id=order_service_id,
        after=0 if after is None else after.seq,
        before=_END if before is None else before.seq,
        size=part.size + 1,
    )
    entries: dict[UUID, list[LogEntry]] = {key: [] for key in keys}
    for row in read:
        entries[row.order_id].append(row)
    shown = await shown_as(info, read)

    async def count(order: Order) -> int:
        given = {"include": include, "order_service_id": order_service_id}
        return int(await load(info, _counts, order, **given))

    return [
        _shown(part.page(entries[order.id], cursor_of, partial(count, order)), shown)
        for order in orders
    ]


def _shown(page: Page[LogEntry], shown: Mapping[UUID, Any]) -> Page[Any]:
    """A page of entries, with what stands in a feed for each, at its place in the log."""
    edges = [
        Edge(shown[edge.node.id], _fixed(edge.cursor))
        for edge in page.edges
        if edge.node.id in shown
    ]
    return Page(edges, page.page_info, page.count)


def _fixed(cursor: str) -> Callable[[Any], str]:
    return lambda _: cursor


async def shown_as(info: Info, entries: Sequence[LogEntry]) -> dict[UUID, LogEntry | Message]:
    """What stands in a feed for each entry, by the entry's id: its message, or itself.

    Nothing, if the message may not be seen any more.
    """
    posted = {entry.subject_id for entry in entries if entry.kind in models.MESSAGES}
    messages = await rows_of(info, Message, posted)
    shown: dict[UUID, LogEntry | Message] = {
        entry.id: entry for entry in entries if entry.kind not in models.MESSAGES
    }
    for entry in entries:
        if entry.kind in models.MESSAGES and (message := messages.get(entry.subject_id)):
            shown[entry.id] = message
    return shown


def cursor_of(entry: LogEntry) -> str:
    """Its place in the log."""
    return str(Cursor.at(entry.organization_id, entry.seq, entry.id))


async def _counts(
    orders: Sequence[Order],
    info: Info,
    include: list[FeedKind] | None,
    order_service_id: UUID | None,
) -> list[int]:
    keys = [order.id for order in orders]
    kinds = log_filter.feed_kinds(include, edits=False)
    found = await info.read(_lengths, keys=keys, kinds=kinds, service_id=order_service_id)
    counted = dict(found)
    return [counted.get(order.id, 0) for order in orders]


def _feed_of_each(sees: Sees, backwards: bool) -> Select[Any]:
    """Of the feed of each of the `keys`: `size` entries in a direction within the limits."""
    each = func.unnest(bindparam("keys", type_=ARRAY(Order.id.type)))
    ids = each.table_valued("id", name="wanted").render_derived()
    limits = (
        LogEntry.seq > bindparam("after", type_=BigInteger()),
        LogEntry.seq < bindparam("before", type_=BigInteger()),
    )
    own = (
        _of_feed(sees.select(LogEntry, reads=_FEED_READS))
        .where(LogEntry.order_id == ids.c.id, *limits)
        .order_by(LogEntry.seq.desc() if backwards else LogEntry.seq.asc())
        .limit(bindparam("size", type_=Integer()))
        .correlate(ids)
        .lateral("own")
    )
    entries = sees.rows(aliased(LogEntry, own), reads=_FEED_READS)
    return entries.select_from(ids).join(own, true())


def _lengths(sees: Sees) -> Select[tuple[UUID, int]]:
    """How long the feed of each of the `keys` is."""
    counted: Any = select(LogEntry.order_id, func.count()).where(sees.visible(LogEntry))
    of_each = _of_feed(counted).where(within(LogEntry.order_id, "keys"))
    return of_each.group_by(LogEntry.order_id)


def _of_feed(statement: Select[Any]) -> Select[Any]:
    """Only entries of the `kinds`, and about the service with `service_id`, if it is given."""
    service_id = bindparam("service_id", type_=LogEntry.id.type)
    here = or_(service_id.is_(None), LogEntry.order_service_id == service_id)
    return statement.where(within(LogEntry.kind, "kinds"), here)


def _slice(
    context: Context,
    first: int | None,
    after: Cursor | None,
    last: int | None,
    before: Cursor | None,
) -> Slice:
    for field, cursor in (("after", after), ("before", before)):
        if cursor:
            log_places.require_own(context, cursor, field)
    start, end = (None if cursor is None else str(cursor) for cursor in (after, before))
    return Slice(first, start, last, end)


def _cut(
    wanted: Select[Any], part: Slice, after: Cursor | None, before: Cursor | None
) -> Select[Any]:
    """The entries in a slice, in its direction, and one more to know whether there are more."""
    if after is not None:
        wanted = wanted.where(LogEntry.seq > after.seq)
    if before is not None:
        wanted = wanted.where(LogEntry.seq < before.seq)
    order = LogEntry.seq.desc() if part.backwards else LogEntry.seq.asc()
    return wanted.order_by(order).limit(part.size + 1)
