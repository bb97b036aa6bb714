"""Makes the demo agency, once, in a database that has no organization yet."""

from collections import defaultdict
from datetime import datetime
from random import Random
from typing import Any

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
        now = await session.scalar(select(func.date_trunc("second", func.now())))
        await _store(session, rows_at(now))
    return True


def rows_at(now: datetime) -> list[Base]:
    """The rows of the demo agency as it would be at this moment."""
    draft = Draft(now, Random(_SEED))  # noqa: S311 - the same agency each time, no secret
    orders.book(draft, people.hire(draft), catalogue.publish(draft))
    entries = replay(draft.steps, draft.new_id)
    head = LogHead(organization_id=draft.organization.id, last_seq=len(entries))
    return [*draft.rows, head, *entries]


async def _store(session: AsyncSession, rows: list[Base]) -> None:
    """Insert rows in bulk, those first that others point to.

    Each table is analyzed at once: the checks of the foreign keys to it are slow without.
    """
    by_table: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        columns = row.__table__.columns.keys()
        by_table[type(row).__tablename__].append({name: getattr(row, name) for name in columns})
    for table in Base.metadata.sorted_tables:
        if values := by_table.get(table.name):
            await session.execute(table.insert(), values)
            await session.execute(text(f"ANALYZE {table.name}"))
