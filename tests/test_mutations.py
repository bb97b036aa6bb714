"""What every mutation keeps: one entry at least, once per key, all or nothing, for whom it may."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from arguments_walk import Leaf, leaves, mutations, refused
from factories import Answer
from graphql import get_named_type, is_leaf_type
from scene import CALLS, CREATIONS, DELETIONS, INSTEAD, Scene
from sqlalchemy import func, literal, select, text, union_all

from core.cursors import Cursor
from core.database import Database
from models import Attempts, Base, LogEntry, LogHead
from subscriptions.hub import Hub

NAMES = list(mutations())
LEAVES = [leaf for name in NAMES for leaf in leaves(name)]
UPDATES = [leaf.mutation for leaf in LEAVES if leaf.field == "expectedVersion"]


@dataclass
class Once:
    """A mutation that was called once, and what came of it."""

    name: str
    scene: Scene
    given: dict[str, Any]
    head: int
    answer: Answer
    growth: dict[str, int]


@pytest.fixture(scope="module", params=NAMES)
async def once(request: pytest.FixtureRequest, database: Database, hub: Hub) -> Once:
    """Each mutation, called once in a scene of its own."""
    name, scene = request.param, await Scene.make(database, hub)
    given, before, last = CALLS[name](scene), await rows(scene), await head(scene)
    answer = await scene.call(name, given)
    return Once(name, scene, given, last, answer, growth(before, await rows(scene)))


@pytest.fixture(scope="module")
async def still(database: Database, hub: Hub) -> Scene:
    """One for all tests that change nothing."""
    return await Scene.make(database, hub)


@pytest.fixture(scope="module")
async def other(database: Database, hub: Hub) -> Scene:
    """Another agency."""
    return await Scene.make(database, hub)


_REFUSE = """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'refused at commit'; END $$"""
_AT_COMMIT = """CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON log_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.organization_id = '{}')
    EXECUTE FUNCTION refuse()"""


@pytest.fixture(scope="module")
async def doomed(database: Database, hub: Hub) -> AsyncIterator[Scene]:
    """One where the database refuses every commit that has written to the log."""
    scene = await Scene.make(database, hub)
    await _run(database, _REFUSE, _AT_COMMIT.format(scene.agency.organization.id))
    yield scene
    await _run(database, "DROP TRIGGER refuse ON log_entries", "DROP FUNCTION refuse")


async def _run(database: Database, *statements: str) -> None:
    async with database.transaction() as session:
        for statement in statements:
            await session.execute(text(statement))


async def rows(scene: Scene) -> Counter[tuple[str, str]]:
    """Everything that the database has of a scene's agency: table, and row as text."""
    agency = scene.agency
    parts = []
    for table in Base.metadata.sorted_tables:
        if table is Attempts.__table__:  # which are of no agency
            continue
        owner = table.c.id if table.name == "organizations" else table.c.organization_id
        row = func.to_jsonb(table.table_valued())
        parts.append(select(literal(table.name), row).where(owner == agency.organization.id))
    async with agency.database.transaction() as session:
        found = (await session.execute(union_all(*parts))).all()
    return Counter((table, str(row)) for table, row in found)


def growth(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> dict[str, int]:
    """By how many rows each table has grown."""
    grown = Counter(table for table, _ in after.elements())
    grown.subtract(table for table, _ in before.elements())
    return {table: count for table, count in grown.items() if count}


async def head(scene: Scene) -> int:
    """The number of the last entry."""
    async with scene.agency.database.transaction() as session:
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
    async with scene.agency.database.transaction() as session:
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


def test_every_mutation_is_called_here() -> None:
    assert set(CALLS) == set(NAMES)


async def test_it_writes_entries_and_answers_the_place_after_them(once: Once) -> None:
    written = await entries(once.scene, once.head)
    last = written[-1]
    assert [entry.seq for entry in written] == list(range(once.head + 1, last.seq + 1))
    place = Cursor.at(last.organization_id, last.seq, last.id)
    assert once.answer[once.name]["cursor"] == str(place)
    assert {entry.actor_id for entry in written} == {once.scene.agency.admin.id}


@pytest.mark.parametrize(
    "once", [name for name in NAMES if name not in CREATIONS], indirect=True, scope="module"
)
async def test_the_same_again_changes_nothing(once: Once) -> None:
    before = await rows(once.scene)
    again = await once.scene.call(once.name, once.given)
    assert await rows(once.scene) == before
    if once.name in DELETIONS:
        assert again.error == {"code": "NOT_FOUND", "field": "id"}
    else:
        assert again[once.name]["cursor"] == once.answer[once.name]["cursor"]


async def test_twins_with_a_key_have_one_effect_and_equal_answers(
    once: Once, database: Database, hub: Hub
) -> None:
    scene, name = await Scene.make(database, hub), once.name
    before = await rows(scene)
    given = {**CALLS[name](scene), "idempotencyKey": "twin"}
    one, two = await asyncio.gather(*(scene.call(name, given, everything(name)) for _ in range(2)))
    assert one[name] == two[name]
    assert growth(before, await rows(scene)) == {**once.growth, "idempotency_records": 1}


@pytest.mark.parametrize("name", UPDATES)
async def test_a_stale_version_is_a_conflict(still: Scene, name: str) -> None:
    before = await rows(still)
    answer = await still.call(name, {**CALLS[name](still), "expectedVersion": 1})
    assert answer.error["code"] == "CONFLICT"
    assert answer.error["field"] == "expectedVersion"
    assert answer.error["version"] > 1
    assert answer.error["fields"]
    assert await rows(still) == before


@pytest.mark.parametrize("name", NAMES)
async def test_a_failure_at_the_very_end_leaves_no_trace(doomed: Scene, name: str) -> None:
    before = await rows(doomed)
    answer = await doomed.call(name, {**CALLS[name](doomed), "idempotencyKey": "doomed"})
    assert answer.error["code"] == "INTERNAL"
    assert answer.data == {name: None}
    assert await rows(doomed) == before


@pytest.mark.parametrize("name", NAMES)
async def test_a_token_for_reading_changes_nothing(still: Scene, name: str) -> None:
    before = await rows(still)
    answer = await still.read_only(name, CALLS[name](still))
    assert answer.error["code"] == "FORBIDDEN"
    assert await rows(still) == before


@pytest.mark.parametrize("leaf", LEAVES, ids=str)
async def test_what_an_argument_must_refuse_changes_nothing(
    still: Scene, other: Scene, leaf: Leaf
) -> None:
    given = CALLS[leaf.mutation](still)
    given.pop(INSTEAD.get((leaf.mutation, leaf.field), ""), None)
    before = await rows(still)
    wrong = []
    for value, code in await refused(leaf.kind, still, other):
        answer = await still.call(leaf.mutation, leaf.put(given, value))
        told = [each["extensions"] for each in answer.errors]
        if told != [{"code": code, "field": leaf.field}] or answer.data != {leaf.mutation: None}:
            wrong.append((value if len(str(value)) < 99 else "long", told))
    assert not wrong
    assert await rows(still) == before
