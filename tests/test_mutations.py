"""What every mutation keeps: one entry at least, all or nothing, for whom it may."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from arguments_walk import Leaf, leaves, mutations, refused
from effects import entries, head, rows
from factories import Answer
from scene import CALLS, CREATIONS, DELETIONS, INSTEAD, Scene
from sqlalchemy import text
from storage import session_of

from core.cursors import Cursor
from core.database import Database
from subscriptions.hub import Hub

NAMES = list(mutations())
LEAVES = [leaf for name in NAMES for leaf in leaves(name)]


@dataclass
class Once:
    """A mutation that was called once, and what came of it."""

    name: str
    scene: Scene
    given: dict[str, Any]
    head: int
    answer: Answer


@pytest.fixture(scope="module", params=NAMES)
async def once(request: pytest.FixtureRequest, database: Database, hub: Hub) -> Once:
    """Each mutation, called once in a scene of its own."""
    name, scene = request.param, await Scene.make(database, hub)
    given, last = CALLS[name](scene), await head(scene)
    return Once(name, scene, given, last, await scene.call(name, given))


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
    async with session_of(database) as session:
        for statement in statements:
            await session.execute(text(statement))


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
