"""Two walls between agencies: all of one is tried by everybody of another, also with one wall alone.

`first` is the application's condition alone: without row-level security, as the owner. `second` is
row-level security alone: the condition is taken out of every statement, just before it is sent.
Postgres knows agencies and no persons: what customers may not see of their own agency is tried with
the first.

What is tried is told, and done, as what there is not: with the same answer, counts, cursors and
ends of pages included, by the same statements.
"""  # noqa: E501

import re
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from hashlib import sha256
from itertools import product
from typing import Any

import pytest
from databases import Both, Fixed, Walled, noted, unfiltered
from everything_asked import plain
from factories import typed
from foreign_things import Things, ids_of
from graphql import build_schema
from id_places import Place, chosen, coordinates
from intruding import Attempt, Intruder, kinds_for
from plain_rules import traces
from probes import codes
from schema_walk import SCHEMA
from signing_in import give_password
from sqlalchemy import update
from storage import session_of
from tenants import OPERATIONS, Tenants, behind, everywhere

from core import ids
from core.connections import Connection
from core.cursors import Cursor
from models import LogEntry, Organization, Person, new_id
from server.documents import Documents, NotPersisted
from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub

pytestmark = pytest.mark.usefixtures("unlimited")

ROLES = ("admin", "staff", "contractor", "customer")
WALLS = ("both", "first", "second")
HIDDEN = {"NOT_FOUND", "FORBIDDEN"}
FILTERED = re.compile(r"organization_id (?:=|IN|IS)[^A-Za-z]*\$")
"""A condition of the agency, in whatever form."""


def test_there_is_something_of_every_kind(tenants: Tenants) -> None:
    assert ids.MODELS.keys() < tenants.things.keys()
    alone = {"org", "pkg"}
    assert all(len(things) > 1 for kind, things in tenants.things.items() if kind not in alone)


def test_every_argument_that_takes_an_id_or_a_cursor_is_tried(tenants: Tenants) -> None:
    of_visitors = {"SignInInput.organizationId", "ChangePasswordInput.organizationId"}
    assert {place.coordinate for place in everywhere()} | of_visitors == coordinates(SCHEMA)
    of_nothing = {place for place in everywhere() if place not in tenants.kinds}
    assert {str(each) for each in of_nothing if not _is_of_log(each)} == {
        "query Viewer.can id.INVITE_PERSON"  # which is done to nothing
    }


def _is_of_log(place: Place) -> bool:
    """Whether it takes places in the log, of which no other agency has any."""
    return place.path[-1] in ("after", "before", "upTo")


def test_an_argument_that_is_reached_by_nothing_is_missed() -> None:
    added = build_schema(
        """scalar Cursor type Query { log(within: [Span!]): Part }
        input Span { from: Cursor, of: [Group!] } input Group { id: [ID!]! }
        type Part { of(it: ID): Int, first(some: Int): Int }"""
    )
    assert coordinates(added) == {"Span.from", "Group.id", "Part.of(it:)"}


@pytest.mark.parametrize("wall", WALLS)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_what_others_have_is_as_nothing(
    tenants: Tenants, operation: str, role: str, wall: str
) -> None:
    intruder, before = tenants.intruder(role, wall), await tenants.contents()
    tried: set[Place] = set()
    answers: dict[str, Any] = {}
    async for attempt in intruder.attempts(tenants.wanted(operation), tenants.things):
        assert not attempt.tells, attempt
        assert attempt.told.codes <= HIDDEN, attempt
        assert wall != "second" or not FILTERED.search(" ".join(attempt.told.statements)), attempt
        if operation == "mutation":
            assert attempt.told.codes, attempt
        if operation == "mutation" and role == "admin":
            assert _names(attempt), attempt
        tried.add(attempt.place)
        answers[f"{attempt.place} {attempt.kind}"] = attempt.told.answers
    assert not traces(answers) & tenants.traces
    assert tried == tenants.wanted(operation).keys()
    assert await tenants.contents() == before


def _names(attempt: Attempt) -> bool:
    """Whether an error is about the place where something was tried."""
    path = ".".join(attempt.place.path[1:]).removesuffix(".0")
    return all(f"{each['field']}.".startswith(f"{path}.") for each in attempt.told.errors)


async def test_what_does_not_fit_is_refused_before_anything_is_read(tenants: Tenants) -> None:
    few = {kind: pairs[:2] for kind, pairs in tenants.things.items()}
    others = {
        place: [k for k in kinds_for(place, few) if k not in tenants.kinds.get(place, ())]
        for place in everywhere()
    }
    async for attempt in tenants.intruder("admin").attempts(others, few):
        assert not attempt.tells, attempt
        assert attempt.told.codes == {"BAD_USER_INPUT"}, attempt
        is_plain = attempt.place.takes == "ID" and not attempt.place.document
        assert not is_plain or not attempt.told.statements, attempt


@pytest.mark.parametrize("wall", WALLS)
async def test_an_id_that_others_have_can_be_chosen(
    tenants: Tenants, postgres: Postgres, hub: Hub, wall: str
) -> None:
    alone: dict[str, Any] = {"first": {"as_owner": True}, "second": {"sends": unfiltered}}
    async with AsyncExitStack() as stack:
        database = Walled(postgres, keeps=False, **alone.get(wall, {}))
        stack.push_async_callback(database.close)
        intruder = tenants.intruder("admin").behind(database, hub)
        kinds = {place: tenants.kinds[place] for place in chosen()}
        async for attempt in intruder.attempts(kinds, tenants.things):
            assert not attempt.told.errors, attempt
            assert attempt.told.statements == attempt.nothing.statements, attempt


@pytest.mark.parametrize("wall", WALLS)
@pytest.mark.parametrize("name", ["signIn", "changePassword"])
async def test_coming_in_tells_nothing_of_who_is_known_elsewhere(
    tenants: Tenants, wall: str, name: str
) -> None:
    database, hub = tenants.walls[wall]
    ours = tenants.ours.agency
    other = replace(tenants.stage.other.agency, database=database, hub=hub)
    given = {**await give_password(other, await other.another_contractor()), **NEW.get(name, {})}
    known = await ours.another_contractor()
    await give_password(ours, known, "a password of this agency")
    async with session_of(ours.database) as session:
        same = update(Person).where(Person.id == known.id).values(email=given["email"])
        await session.execute(same)
    own, nobodys = typed(other.organization), ids.encode(Organization, new_id())
    told = []
    for wrong in (
        {"organizationId": typed(ours.organization)},
        {"organizationId": nobodys},
        {"organizationId": own, "email": "nobody@example.com"},
        {"organizationId": own, "password": "a password of nobody"},
    ):
        with noted() as statements:
            told.append((plain(await other.visit(name, **{**given, **wrong})), statements))
    assert all(each == told[0] for each in told)
    assert codes([told[0][0]]) == {"BAD_USER_INPUT"}
    assert not (await other.visit(name, **given, organizationId=own)).errors


NEW = {"changePassword": {"newPassword": "another horse battery"}}


@pytest.mark.parametrize(
    ("role", "wall"),
    [
        *product(["customer", "contractor"], ["both", "first"]),
        *product(["stranger", "idle"], ["both"]),
    ],
)
async def test_what_is_hidden_within_the_agency_is_as_nothing(
    tenants: Tenants, role: str, wall: str
) -> None:
    stage, before = tenants.stage, await tenants.contents()
    intruder = Intruder.of(stage, tenants.ours, role).behind(*tenants.walls[wall])
    hidden = ids_of([row for row in stage.rows if not stage.facts.may_see(intruder.by, row)])
    for operation in OPERATIONS:
        async for attempt in intruder.attempts(tenants.wanted(operation), hidden):
            assert not attempt.tells, attempt
            assert attempt.told.codes <= HIDDEN, attempt
    assert await tenants.contents() == before


@pytest.mark.parametrize("wall", WALLS)
async def test_documents_of_others_are_not_known(tenants: Tenants, wall: str) -> None:
    text = f"{{ __typename }} # of {wall}"
    hashed = sha256(text.encode()).hexdigest()
    ours, theirs = (each.agency.organization.id for each in (tenants.ours, tenants.stage.other))
    await Documents(tenants.walls["both"][0]).keep(ours, text)
    for unknown in (hashed, sha256(b"nothing").hexdigest()):
        with pytest.raises(NotPersisted):
            await Documents(tenants.walls[wall][0]).text(theirs, None, unknown)
    assert await Documents(tenants.walls["both"][0]).text(ours, None, hashed) == text


SILENT = {
    # Sessions and mentions are one person's, whatever agency is theirs.
    "query node id ses",
    "query nodes ids.0 ses",
    "query Viewer.can id.END_SESSION ses",
    "query mentionsOfViewer after -CREATED_AT,-ID",
    "query mentionsOfViewer before -CREATED_AT,-ID",
    "mutation endSession input.id ses",
    # A service is looked for on an order of one's own.
    "query Order.feed orderServiceId osv",
    "mutation signalTyping input.orderServiceId osv",
    "subscription orderFeed orderServiceId osv",
}
"""Where even no walls would tell nothing."""


@pytest.mark.parametrize("operation", ["query", "mutation"])
async def test_without_walls_every_place_tells(tenants: Tenants, operation: str) -> None:
    before = await tenants.contents()
    intruder = tenants.intruder("admin", "none")
    silent = await silent_places(intruder, tenants.wanted(operation), tenants.things)
    assert silent == {each for each in SILENT if each.startswith(operation)}
    assert await tenants.contents() == before


REACHED = 50
"""A place that both logs have reached."""


async def test_streams_of_the_log_of_others_tell_everywhere(
    tenants: Tenants, postgres: Postgres, valkey: Valkey
) -> None:
    ours, theirs = (each.agency.organization.id for each in (tenants.ours, tenants.stage.other))
    log = tenants.stage.facts.rows[LogEntry]
    entry = next(each for each in log if (each.organization_id, each.seq) == (ours, REACHED))
    after = str(Cursor.at(theirs, entry.seq, entry.id))
    async with behind(Fixed(postgres, ours, sends=unfiltered), valkey) as (database, hub):
        intruder = replace(tenants.intruder("admin"), after=after).behind(database, hub)
        wanted = tenants.wanted("subscription")
        silent = await silent_places(intruder, wanted, tenants.things)
    assert silent == {each for each in SILENT if each.startswith("subscription")}


async def silent_places(
    intruder: Intruder, wanted: Mapping[Place, Sequence[str]], things: Things
) -> set[str]:
    """Where nothing is told of things, though it could be."""
    tells: dict[str, bool] = {}
    async for attempt in intruder.attempts(wanted, things):
        at = f"{attempt.place} {attempt.kind}"
        tells[at] = attempt.tells or tells.get(at, False)
    return {at for at, told in tells.items() if not told}


async def test_a_count_that_tells_is_found(tenants: Tenants, postgres: Postgres) -> None:
    def counting(sql: str) -> str:
        return unfiltered(sql) if "count(" in sql else sql

    database = Walled(postgres, as_owner=True, sends=counting)
    found = await found_in_lists(tenants, database)
    await database.close()
    assert found
    for attempt in found:
        lists = [told.answers[0]["data"]["orders"] for told in (attempt.told, attempt.nothing)]
        counts = [each.pop("totalCount") for each in lists]
        assert counts[0] != counts[1]
        assert lists[0] == lists[1]


async def test_work_that_tells_is_found(tenants: Tenants, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = Connection.fetch

    async def curious(connection: Connection, sql: str, *arguments: Any) -> Sequence[Any]:
        found = await fetch(connection, sql, *arguments)
        if not found and await fetch(connection, unfiltered(sql), *arguments):
            await fetch(connection, "SELECT 'it is of another agency'")
        return found

    monkeypatch.setattr(Connection, "fetch", curious)
    found = await found_in_lists(tenants, tenants.walls["first"][0])
    assert found
    assert all(attempt.told.answers == attempt.nothing.answers for attempt in found)


async def found_in_lists(tenants: Tenants, database: Both) -> list[Attempt]:
    """What lists of orders tell by their filters, out of a database."""
    intruder = tenants.intruder("admin").behind(database, tenants.walls["both"][1])
    lists = {p: of for p, of in tenants.kinds.items() if p.name == "orders" and p.takes_many}
    attempts = intruder.attempts(lists, tenants.things)
    return [attempt async for attempt in attempts if attempt.tells]
