"""Makes the demo agency, once, in a database that has no organization yet."""

from collections import defaultdict
from datetime import datetime
from enum import Enum
from random import Random
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import Database
from models import Base, LogHead, Organization
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
    async with database.transaction() as session:
        await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        if await session.scalar(select(select(Organization.id).exists())):
            return False
        now = await session.scalars(select(func.date_trunc("second", func.now())))
        await _store(session, rows_at(now.one()))
    return True


def rows_at(now: datetime) -> list[Base]:
    """The rows of the demo agency as it would be at this moment."""
    draft = Draft(now, Random(_SEED))  # noqa: S311 - the same agency each time, no secret
    orders.book(draft, people.hire(draft), catalogue.publish(draft))
    entries = replay(draft.steps, draft.new_id)
    head = LogHead(organization_id=draft.organization.id, last_seq=len(entries))
    return [*draft.rows, head, *entries]


async def _store(session: AsyncSession, rows: list[Base]) -> None:
    """Copy rows to their tables, first those that others point to.

    Each table is analyzed at once: the checks of the foreign keys to it are slow without.
    """
    by_table: dict[str, list[Base]] = defaultdict(list)
    for row in rows:
        by_table[type(row).__tablename__].append(row)
    connection: Any = await (await session.connection()).get_raw_connection()
    for table in Base.metadata.sorted_tables:
        columns = table.columns.keys()
        records = [[_plain(getattr(row, name)) for name in columns] for row in by_table[table.name]]
        await connection.driver_connection.copy_records_to_table(
            table.name, records=records, columns=columns
        )
        await session.execute(text(f"ANALYZE {table.name}"))


def _plain(value: Any) -> Any:
    """A value as `COPY` takes it."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return [_plain(each) for each in value] if isinstance(value, list) else value
