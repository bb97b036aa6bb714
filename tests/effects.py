"""What a mutation has done: the rows and the entries that came of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from arguments_walk import mutations
from graphql import get_named_type, is_leaf_type
from marked_scene import Marked
from processes import SECONDS, Process
from scene import Scene
from sqlalchemy import func, literal, select, union_all
from storage import session_of

from core.database import Database
from models import Attempts, Base, LogEntry, LogHead

_WAITING = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'"""


async def rows(scene: Scene | Marked) -> Counter[tuple[str, str]]:
    """Everything that the database has of a scene's agency: table, and row as text."""
    agency = scene.agency
    parts = []
    for table in Base.metadata.sorted_tables:
        if table is Attempts.__table__:  # which are of no agency
            continue
        owner = table.c.id if table.name == "organizations" else table.c.organization_id
        row = func.to_jsonb(table.table_valued())
        parts.append(select(literal(table.name), row).where(owner == agency.organization.id))
    async with session_of(agency.database) as session:
        found = (await session.execute(union_all(*parts))).all()
    return Counter((table, str(row)) for table, row in found)


def growth(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> dict[str, int]:
    """By how many rows each table has grown."""
    grown = Counter(table for table, _ in after.elements())
    grown.subtract(table for table, _ in before.elements())
    return {table: count for table, count in grown.items() if count}


async def head(scene: Scene) -> int:
    """The number of the last entry."""
    async with session_of(scene.agency.database) as session:
        found = await session.get(LogHead, scene.agency.organization.id)
    assert found
    return found.last_seq


async def entries(scene: Scene, after: int) -> list[LogEntry]:
    """The entries after number `after`."""
    statement = (
        select(LogEntry)
        .where(LogEntry.organization_id == scene.agency.organization.id, LogEntry.seq > after)
        .order_by(LogEntry.seq)
    )
    async with session_of(scene.agency.database) as session:
        return list(await session.scalars(statement))


def everything(name: str) -> str:
    """The selection of all that the object in a payload says of itself."""
    payload = mutations()[name].type.fields
    (subject,) = payload.keys() - {"cursor", "secret"}
    plain = [
        field
        for field, each in payload[subject].type.of_type.fields.items()
        if not each.args and is_leaf_type(get_named_type(each.type))
    ]
    return f"{subject} {{ {' '.join(plain)} }}"


def answered(name: str) -> str:
    """The same, with the secret if it tells one."""
    return everything(name) + (" secret" if tells_secret(name) else "")


def tells_secret(name: str) -> bool:
    """Whether a mutation tells something that is told once only."""
    return "secret" in mutations()[name].type.fields


async def sent(server: Process, scene: Scene, name: str, given: dict[str, Any]) -> Any:
    """All that the payload of a mutation says that an admin sends to a server."""
    kind = name[0].upper() + name[1:]
    document = f"""mutation ($input: {kind}Input!) {{
      {name}(input: $input) {{ cursor {answered(name)} }} }}"""
    return (await server.ask(scene.agency.admin, document, input=given))[name]


@asynccontextmanager
async def at_the_end(scene: Scene) -> AsyncIterator[None]:
    """While the block lasts, actions get as far as their entries, and wait there, uncommitted."""
    agency = scene.agency
    head = select(LogHead).where(LogHead.organization_id == agency.organization.id)
    async with session_of(agency.database) as session:
        await session.execute(head.with_for_update())
        yield


async def until_waiting(database: Database, count: int) -> None:
    """Until so many statements wait for a lock."""
    async with asyncio.timeout(SECONDS):
        while (await database.fetch(_WAITING))[0]["count"] != count:
            pass
