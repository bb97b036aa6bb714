"""Two walls between agencies: all of one is tried by everybody of another, also with one wall alone.

`first` is the application's condition, without row-level security: as the owner. `second` is
row-level security alone: the application is made to believe that somebody of the other agency is of
this one, and asks for its rows in so many words. As it knows agencies but no persons, what customers
may not see of their own agency is tried with the first wall.
"""  # noqa: E501

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import product
from typing import Any

import pytest
import schema_walk
from arguments_walk import leaves as arguments_of
from databases import Both, Fixed
from everything_asked import ask, call, followed, plain, walk
from factories import Agency, typed
from marked_scene import Marked
from plain_rules import traces
from probes import codes, hidden_ids, told_about
from scene import CALLS, INSTEAD
from stage import Stage

from core import ids
from core.arguments import IdOf, PlaceInLog
from core.cursors import Cursor
from models import LogEntry, Organization, Person, new_id
from server.documents import Documents, NotPersisted
from server.embedded import Postgres
from subscriptions.hub import Hub
from subscriptions.tail import Tail

pytestmark = pytest.mark.usefixtures("unlimited")

ROLES = ("admin", "staff", "contractor", "customer")
HIDDEN = {"NOT_FOUND", "FORBIDDEN"}
BEYOND = HIDDEN | {"INTERNAL"}
"""Of the second wall alone: what finds no log, or may write no row, is a bug of the application."""


@dataclass
class Tenants:
    """An agency in which everything has happened, and another one that looks at it."""

    stage: Stage
    walls: dict[str, Both]

    @property
    def ours(self) -> Marked:
        """The agency that is to be kept apart."""
        return self.stage.marked

    def intruders(self, wall: str) -> Stage:
        """What those of the other agency have, behind a wall."""
        other = self.stage.other
        agency = replace(other.agency, database=self.walls[wall])
        return Stage(replace(other, agency=agency), self.ours, self.stage.facts)

    def impostor(self, role: str) -> tuple[Agency, Person]:
        """Somebody of the other agency, whom the application takes for one of ours."""
        there = self.stage.other.people[role]
        by = Person(
            id=there.id,
            organization_id=self.ours.agency.organization.id,
            permission=there.permission,
        )
        return replace(self.ours.agency, database=self.walls["second"]), by

    def things(self) -> Iterator[tuple[str, str]]:
        """An id of each kind of thing of ours, beside one of nothing."""
        agency = self.ours.agency.organization.id
        for table in self.stage.facts.rows.keys() & (ids.PREFIXES.keys() - {Organization}):
            rows = [r for r in self.stage.facts.rows[table] if r.organization_id == agency]
            yield typed(rows[0]), ids.encode(table, new_id())

    async def contents(self) -> list[str]:
        """All rows of ours, with the head of the log."""
        await self.stage.look()
        mark = self.ours.agency.organization.id
        return [row for row in self.stage.contents() if str(mark) in row]


@pytest.fixture(scope="module")
async def tenants(postgres: Postgres, database: Both, hub: Hub) -> AsyncIterator[Tenants]:
    """Such two agencies, behind both walls and behind each."""
    stage = await Stage.make(database, hub)
    walls = {
        "both": database,
        "first": Both(postgres, as_owner=True),
        "second": Fixed(postgres, stage.other.agency.organization.id),
    }
    yield Tenants(stage, walls)
    for wall in ("first", "second"):
        await walls[wall].close()


def test_there_is_one_of_every_kind(tenants: Tenants) -> None:
    kinds = {thing[:3] for thing, _ in tenants.things()}
    assert kinds == set(ids.MODELS) - {"org"}


@pytest.mark.parametrize("wall", ["both", "first"])
@pytest.mark.parametrize("role", ROLES)
async def test_asking_about_others_is_as_asking_about_nothing(
    tenants: Tenants, role: str, wall: str
) -> None:
    intruders, before = tenants.intruders(wall), await tenants.contents()
    by = intruders.marked.people[role]
    for thing, nothing in tenants.things():
        told = await told_about(intruders, by, thing, live=role == "admin")
        assert told == await told_about(intruders, by, nothing, live=role == "admin")
        assert not traces(told) - intruders.facts.readable(by) - traces(thing)
    assert await tenants.contents() == before


@pytest.mark.parametrize("wall", ["both", "first"])
@pytest.mark.parametrize("role", ROLES)
async def test_acting_on_others_is_as_acting_on_nothing(
    tenants: Tenants, role: str, wall: str
) -> None:
    intruders, before = tenants.intruders(wall), await tenants.contents()
    by, tried = intruders.marked.people[role], 0
    for name in CALLS:
        for leaf in arguments_of(name):
            given = intruders.marked.given(name)
            given.pop(INSTEAD.get((name, leaf.field), ""), None)
            for thing, nothing in tenants.things():
                if type(leaf.kind) is IdOf and ids.MODELS[thing[:3]] is leaf.kind.model:
                    told = await call(intruders.agency, by, name, leaf.put(given, thing))
                    assert told == await call(intruders.agency, by, name, leaf.put(given, nothing))
                    assert codes([told]) <= HIDDEN
                    assert told["errors"]
                    tried += 1
    assert tried > len(CALLS)
    assert await tenants.contents() == before


@pytest.mark.parametrize("wall", ["both", "first"])
async def test_places_in_the_log_of_others_are_those_of_nobody(tenants: Tenants, wall: str) -> None:
    intruders = tenants.intruders(wall)
    agency, by = intruders.agency, intruders.agency.admin
    entry = tenants.stage.facts.rows[LogEntry][0]
    ours = str(Cursor.at(tenants.ours.agency.organization.id, entry.seq, entry.id))
    nobodys = str(Cursor.at(new_id(), entry.seq, entry.id))
    for operation in ("query", "subscription"):
        for name in schema_walk.root(operation):
            for path, kind in schema_walk.leaves(operation, name):
                if kind.name == "Cursor" and path != ("before",):
                    told = [
                        await _placed(intruders.marked, operation, name, path, cursor)
                        for cursor in (ours, nobodys)
                    ]
                    assert told[0] == told[1]
                    assert not traces(told) - intruders.facts.readable(by)
    for name in CALLS:
        for leaf in arguments_of(name):
            if type(leaf.kind) is PlaceInLog:
                given = intruders.marked.given(name)
                told = [
                    await call(agency, by, name, leaf.put(given, cursor))
                    for cursor in (ours, nobodys)
                ]
                assert told[0] == told[1]
                assert codes(told) == {"BAD_USER_INPUT"}


async def _placed(
    there: Marked, operation: str, name: str, path: tuple[str, ...], cursor: str
) -> Any:
    """What the other agency's admin is told first, with a cursor at a place that takes one."""
    given = schema_walk.put(name, path, cursor, operation)
    agency, by = there.agency, there.agency.admin
    if operation == "query":
        return await ask(agency, by, name, given, edges=0)
    given |= {"orderId": there.mine.order} if name == "orderFeed" else {}
    async with followed(agency, by, name, given, edges=0) as stream:
        return plain(await anext(stream))


@pytest.mark.parametrize("wall", ["both", "first"])
async def test_places_in_lists_of_others_lead_to_nothing_of_theirs(
    tenants: Tenants, wall: str
) -> None:
    intruders, ours = tenants.intruders(wall), tenants.ours.agency
    tried = 0
    for name in schema_walk.root("query"):
        if "after" not in schema_walk.root("query")[name].args:
            continue
        document = f"{{ {name}(first: 3) {{ edges {{ cursor }} }} }}"
        for edge in (await ours.ask(ours.admin, document))[name]["edges"]:
            for place in ("after", "before"):
                given = {place: edge["cursor"], "first" if place == "after" else "last": 50}
                told = await ask(intruders.agency, intruders.agency.admin, name, given, edges=0)
                assert not traces(told) - intruders.facts.readable(intruders.agency.admin)
                tried += 1
    assert tried > 10


@pytest.mark.parametrize("role", ["customer", "stranger", "contractor", "idle"])
async def test_the_first_wall_alone_hides_what_is_hidden_within_the_agency(
    tenants: Tenants, role: str
) -> None:
    stage = tenants.stage
    agency = replace(stage.agency, database=tenants.walls["first"])
    stage = Stage(replace(stage.marked, agency=agency), stage.other, stage.facts)
    by, before = stage.people[role], await tenants.contents()
    for thing, nothing in hidden_ids(stage, by):
        told = await told_about(stage, by, thing, live=False)
        assert told == await told_about(stage, by, nothing, live=False)
    assert await tenants.contents() == before


@pytest.mark.parametrize("role", ROLES)
async def test_the_second_wall_alone_shows_nothing_of_others(tenants: Tenants, role: str) -> None:
    agency, by = tenants.impostor(role)
    before = await tenants.contents()
    things = [thing for thing, _ in tenants.things()]
    asked: dict[Any, Any] = {**await walk(agency, by, things)}
    for (kind, document), thing in product(schema_walk.edges_with_ids(), things):
        asked[kind, thing] = plain(await agency.ask(by, document, id=thing, other=thing))
    for question, told in asked.items():
        assert codes([told]) <= BEYOND, question
        assert not traces(told) - traces(things), question
    assert await tenants.contents() == before


async def test_the_second_wall_alone_lets_nobody_follow_others(tenants: Tenants, hub: Hub) -> None:
    ours = tenants.ours.agency.organization.id
    for wall, told in (("both", True), ("second", False)):
        tail = Tail(ours, tenants.walls[wall], hub.heads)
        assert bool(await tail._read(0, 100)) == told  # noqa: SLF001 - streams tell what it reads
        await tail.stop()


@pytest.mark.parametrize("role", ROLES)
async def test_the_second_wall_alone_lets_nobody_act_on_others(tenants: Tenants, role: str) -> None:
    agency, by = tenants.impostor(role)
    before = await tenants.contents()
    for name in CALLS:
        told = await call(agency, by, name, tenants.ours.given(name))
        assert told["errors"], name
        assert codes([told]) <= BEYOND
        assert not told["data"][name]
    assert await tenants.contents() == before


@pytest.mark.parametrize("wall", ["both", "first", "second"])
async def test_documents_of_others_are_not_known(tenants: Tenants, wall: str) -> None:
    text = f"{{ __typename }} # of {wall}"
    hashed = sha256(text.encode()).hexdigest()
    ours, theirs = (each.agency.organization.id for each in (tenants.ours, tenants.stage.other))
    await Documents(tenants.walls["both"]).keep(ours, text)
    asks = theirs if wall != "second" else ours
    for unknown in (hashed, sha256(b"nothing").hexdigest()):
        with pytest.raises(NotPersisted):
            await Documents(tenants.walls[wall]).text(asks, None, unknown)
    assert await Documents(tenants.walls["both"]).text(ours, None, hashed) == text
