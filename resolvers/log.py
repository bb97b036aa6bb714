"""Reads of the log: the activity of an agency, and the feeds of its orders."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import Select, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased
from typing_extensions import Doc

import models
from core import log_filter
from core.arguments import First, Last, OrderServiceId, PlaceInLog
from core.context import Context, Info
from core.cursors import Cursor
from core.errors import Invalid
from core.log_filter import ActivityFilter, FeedKind
from core.pages import Edge, Page, Slice
from core.records import select_aliases
from engine.fields import among, load
from models import LogEntry, Message, Order

Include = Annotated[list[FeedKind], Doc("What to include; everything if not given.")]
AboutService = Annotated[OrderServiceId, Doc("Only what is about this service.")]
After = Annotated[Cursor, PlaceInLog("Start after this place in the log.")]
Before = Annotated[Cursor, PlaceInLog("End before this place in the log.")]


async def activity(
    info: Info,
    filter: ActivityFilter | None = None,
    first: First | None = None,
    after: After | None = None,
    last: Last | None = None,
    before: Before | None = None,
) -> Page[models.LogEntry]:
    """What people did, oldest first: everything that the viewer may see and that fits a filter."""
    context = info.context
    wanted = context.select(LogEntry).where(log_filter.activity(filter, context.viewer))
    part = _slice(context, first, after, last, before)

    async def count() -> int:
        return int(await context.first(select(func.count()).select_from(wanted.subquery())) or 0)

    rows = await context.rows(_cut(wanted, part, after, before))
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
    context = info.context
    newest = 20 if first is None and last is None and after is None else None
    part = _slice(context, first, after, last or newest, before)
    wanted = context.select(LogEntry).where(log_filter.feed(include, order_service_id, edits=False))
    cut = _cut(wanted, part, after, before)
    entries = await _of_each(context, cut, orders)
    shown = await shown_as(context, [entry for rows in entries.values() for entry in rows])

    def page(order: Order) -> Page[Any]:
        async def count() -> int:
            given = {"include": include, "order_service_id": order_service_id}
            return int(await load(info, _counts, order, **given))

        rows = part.page(entries[order.id], cursor_of, count)
        edges = [
            Edge(shown[edge.node.id], edge.cursor) for edge in rows.edges if edge.node.id in shown
        ]
        return Page(edges, rows.page_info, count)

    return [page(order) for order in orders]


async def shown_as(context: Context, entries: Sequence[LogEntry]) -> dict[UUID, LogEntry | Message]:
    """What stands in a feed for each entry, by the entry's id: its message, or itself.

    Nothing, if the message may not be seen any more.
    """
    posted = {entry.subject_id for entry in entries if entry.kind in models.MESSAGES}
    messages = {}
    if posted:
        statement = context.select(Message).where(among(Message.id, posted))
        messages = {row.id: row for row in await context.rows(statement)}
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
    statement = (
        info.context.columns(LogEntry, LogEntry.order_id, func.count())
        .where(log_filter.feed(include, order_service_id, edits=False))
        .where(among(LogEntry.order_id, {order.id for order in orders}))
        .group_by(LogEntry.order_id)
    )
    counted = dict(map(tuple, await info.context.tuples(statement)))
    return [counted.get(order.id, 0) for order in orders]


async def _of_each(
    context: Context, cut: Select[Any], orders: Sequence[Order]
) -> dict[UUID, list[LogEntry]]:
    """The entries of each order that a cut of its own feed leaves: one statement for all."""
    each = func.unnest(literal([order.id for order in orders], ARRAY(Order.id.type)))
    ids = each.table_valued("id", name="wanted").render_derived()
    own = cut.where(LogEntry.order_id == ids.c.id).correlate(ids).lateral("own")
    entry = aliased(LogEntry, own)
    found: dict[UUID, list[LogEntry]] = defaultdict(list)
    for row in await context.rows(select_aliases(entry).select_from(ids).join(own, true())):
        found[row.order_id].append(row)
    return found


def _slice(
    context: Context,
    first: int | None,
    after: Cursor | None,
    last: int | None,
    before: Cursor | None,
) -> Slice:
    for field, cursor in (("after", after), ("before", before)):
        if cursor and not cursor.of(context.viewer.organization_id):
            raise Invalid(field, "This cursor is of another agency.")
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
