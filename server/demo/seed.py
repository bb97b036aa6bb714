"""Makes the demo agency, once, in a database that has no organization yet."""

from collections import defaultdict
from datetime import datetime
from enum import Enum
from random import Random
from typing import Any

from core.database import Database
from core.transactions import Transaction
from models import Base, LogHead
from server.demo import catalogue, orders, people
from server.demo.draft import Draft
from server.demo.history import replay

_LOCK = 0x0CA115EED  # any number, but the same for every process
_SEED = 20  # any number; another one makes another agency


async def once(database: Database) -> bool:
    """Make the demo agency; whether it was made now, and not before or by another process.

    One transaction: either all of it is there or nothing. Its present moment is that of the
    transaction, by the database's clock; everything else about it is the same each time.
    """
    async with database.transaction() as transaction:
        await transaction.fetch("SELECT pg_advisory_xact_lock($1)", _LOCK)
        if await transaction.fetch("SELECT FROM organizations LIMIT 1"):
            return False
        ((now,),) = await transaction.fetch("SELECT date_trunc('second', now())")
        await _store(transaction, rows_at(now))
    return True


def rows_at(now: datetime) -> list[Base]:
    """The rows of the demo agency as it would be at this moment."""
    draft = Draft(now, Random(_SEED))  # noqa: S311 - the same agency each time, no secret
    orders.book(draft, people.hire(draft), catalogue.publish(draft))
    entries = replay(draft.steps, draft.new_id)
    head = LogHead(organization_id=draft.organization.id, last_seq=len(entries))
    return [*draft.rows, head, *entries]


async def _store(transaction: Transaction, rows: list[Base]) -> None:
    """Copy rows to their tables, first those that others point to.

    By way of a draft, since tables with row-level security are not copied to. Each table is
    analyzed at once: the checks of the foreign keys to it are slow without.
    """
    by_table: dict[str, list[Base]] = defaultdict(list)
    for row in rows:
        by_table[type(row).__tablename__].append(row)
    for table in Base.metadata.sorted_tables:
        columns = table.columns.keys()
        records = [[_plain(getattr(row, name)) for name in columns] for row in by_table[table.name]]
        draft, names = f"draft_of_{table.name}", ", ".join(columns)
        await transaction.execute(f"CREATE TEMP TABLE {draft} (LIKE {table.name}) ON COMMIT DROP")
        await transaction.copy(draft, columns, records)
        await transaction.execute(
            f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {draft}"  # noqa: S608 - our own tables
        )
        await transaction.execute(f"ANALYZE {table.name}")


def _plain(value: Any) -> Any:
    """A value as `COPY` takes it."""
    if isinstance(value, Enum):
        return value.name
    return [_plain(each) for each in value] if isinstance(value, list) else value
