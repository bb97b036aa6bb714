"""Places in the log: where it ends, and whether it still has the one that a cursor names."""

from typing import Any

from sqlalchemy import Select, select

from core.context import Context
from core.cursors import Cursor
from core.errors import Invalid, Resync
from core.statements import Sees
from models import LogEntry, LogHead

# What is read here is a number and a piece of an id: every cursor tells as much, to anybody.


def last(sees: Sees) -> Select[Any]:
    """The number and the id of the last entry of the organization's log."""
    wanted: list[Any] = [LogHead.last_seq, LogEntry.id]
    same = (LogEntry.organization_id == LogHead.organization_id) & (
        LogEntry.seq == LogHead.last_seq
    )
    joined = select(*wanted).join_from(LogHead, LogEntry, same, isouter=True)
    return joined.where(LogHead.organization_id == sees.sight.organization_id)


async def end(context: Context) -> Cursor:
    """The place after the last entry, at the moment of the context's reads."""
    ((seq, entry_id),) = await context.read(last)
    return Cursor.at(context.viewer.organization_id, seq, entry_id)


def require_own(context: Context, cursor: Cursor, field: str) -> None:
    """Nothing, if a cursor is of the viewer's organization; else `Invalid`."""
    if not cursor.of(context.viewer.organization_id):
        raise Invalid(field, "This cursor is of another agency.")


async def place(context: Context, seq: int) -> Cursor:
    """The place after entry number `seq`, as the log has it now."""
    organization_id = context.viewer.organization_id
    of_number = (LogEntry.organization_id == organization_id) & (LogEntry.seq == seq)
    entry_id = next(iter(await context.now(select(LogEntry.id).where(of_number))), None)
    return Cursor.at(organization_id, seq, entry_id)


async def require_known(context: Context, cursor: Cursor, field: str) -> None:
    """Nothing, if the log has the place that a cursor names; else `Resync`."""
    require_own(context, cursor, field)
    if cursor != await place(context, cursor.seq):
        raise Resync(field, "The log does not know this place: read everything anew.")
