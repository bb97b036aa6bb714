"""Who sees what: everything is asked for, by everybody, of agencies in which everything happened."""  # noqa: E501

import json

import pytest
import schema_walk
from everything_asked import (
    Live,
    ask,
    call,
    places,
    questions,
    replay,
    walk,
)
from factories import typed
from plain_rules import traces
from probes import all_told, codes, hidden_words
from scene import CALLS
from sqlalchemy import String, select
from stage import EVERYBODY, FOR_STAFF, OTHERS, Stage
from storage import session_of
from worked import act

import models
from core import ids
from core.database import Database
from core.viewer import Viewer
from core.visibility import visible
from models import SHARED, Kind, LogEntry, Order, new_id
from subscriptions.hub import Hub

pytestmark = pytest.mark.usefixtures("unlimited")

CONTRACTORS = ("markRead", "tickChecklistItem", "untickChecklistItem", "postMessage")
UNMARKED = {
    (models.LogEntry, "subject_type"),
    (models.IdempotencyRecord, "fingerprint"),
    (models.PersistedDocument, "sha256"),
    (models.PersistedDocument, "text"),
    (models.Credential, "password_hash"),
    (models.ApiKey, "hint"),
    (models.Identity, "issuer"),
    (models.Identity, "subject"),
}
"""The columns with texts that nobody wrote."""


@pytest.fixture(scope="module")
async def stage(database: Database, hub: Hub) -> Stage:
    """One for all tests that change nothing."""
    return await Stage.make(database, hub)


def test_everything_has_happened_and_every_text_is_marked(stage: Stage) -> None:
    rows = [row for of_table in stage.facts.rows.values() for row in of_table]
    unmarked = {
        (table, column.name)
        for table in stage.facts.rows
        for column in table.__table__.columns
        if type(column.type) is String
        and not traces([getattr(row, column.name) for row in stage.facts.rows[table]])
    }
    assert {row.kind for row in rows if isinstance(row, LogEntry)} == set(Kind)
    assert unmarked == UNMARKED


def test_everything_is_asked_for() -> None:
    given = {name: dict.fromkeys(field.args) for name, field in schema_walk.root("query").items()}
    asked = [schema_walk.document("query", name, given[name]) for name in given]
    asked += [schema_walk.document("mutation", n, ["input"]) for n in schema_walk.root("mutation")]
    asked += [schema_walk.document("subscription", n, []) for n in schema_walk.root("subscription")]
    seen = {field for each in asked for field in schema_walk.selected(each)}
    assert seen == schema_walk.fields()


@pytest.mark.parametrize("role", EVERYBODY)
async def test_answers_have_all_that_one_may_see_and_nothing_else(stage: Stage, role: str) -> None:
    by = stage.people[role]
    told = await walk(stage.agency, by, stage.ids)
    found = traces(list(told.values()))
    assert not found - stage.facts.readable(by)
    assert not stage.facts.shown(by) - found
    refused = {name for name in FOR_STAFF if codes([told.pop(json.dumps([name, {}]))])}
    assert refused == (set() if stage.facts.is_staff(by) else FOR_STAFF)
    assert codes(list(told.values())) <= {"NOT_FOUND"}


def test_there_is_something_to_hide(stage: Stage) -> None:
    shown = {role: stage.facts.shown(by) for role, by in stage.people.items()}
    hidden = {role: shown["admin"] - shown[role] for role in OTHERS}
    assert all(len(hidden[role]) > 100 for role in OTHERS)
    assert shown["customer"] - shown["stranger"]


@pytest.mark.parametrize("role", EVERYBODY)
async def test_a_node_is_there_for_those_who_may_see_it(stage: Stage, role: str) -> None:
    by, facts = stage.people[role], stage.facts
    seen = {
        typed(row)
        for row in facts.visible(by)
        if not isinstance(row, LogEntry) or row.kind in SHARED
    }
    for name, given in questions("query", stage.ids):
        if name in ("node", "nodes"):
            answer = await ask(stage.agency, by, name, given, edges=0)
            told, wanted = answer["data"][name], given.get("ids") or [given["id"]]
            there = [each is not None for each in (told if "ids" in given else [told])]
            assert there == [id in seen for id in wanted]  # noqa: A001
            assert not answer["errors"]


@pytest.mark.parametrize("role", EVERYBODY)
async def test_what_is_visible_agrees_with_the_plain_rules(stage: Stage, role: str) -> None:
    by, facts = stage.people[role], stage.facts
    viewer = Viewer(by.permission, by.id, by.organization_id, frozenset())
    async with session_of(stage.agency.database) as session:
        for table in facts.rows.keys() - {models.LogHead}:
            found = set(await session.scalars(select(table.id).where(visible(table, viewer))))
            assert (table, found) == (table, facts.seen(by, table))


@pytest.mark.parametrize("role", EVERYBODY)
async def test_streams_tell_from_the_beginning_what_one_may_see(stage: Stage, role: str) -> None:
    by = stage.people[role]
    unknown = {"orderId": ids.encode(Order, new_id())}
    edges = int(role not in ("admin", "staff", "outsider"))  # who hear most
    for name, given in questions("subscription", stage.ids):
        told = await replay(stage.agency, by, name, given, edges=edges)
        assert places(told) == stage.places(by, name, given)
        assert not traces(told) - stage.facts.readable(by)
        if name in FOR_STAFF:
            assert codes(told) == (set() if stage.facts.is_staff(by) else {"FORBIDDEN"})
        elif codes(told):
            assert told == await replay(stage.agency, by, name, given | unknown, edges=edges)
            assert not stage.facts.sees_order(by, ids.decode(given["orderId"], "")[1])


async def test_streams_tell_live_what_one_may_see(database: Database, hub: Hub) -> None:
    stage = await Stage.booked(database, hub)
    agency, mine, theirs = stage.agency, stage.marked.mine, stage.marked.theirs
    given = {"id": mine.order, "personId": typed(agency.contractor)}
    await act(agency, agency.admin, "addTeamMember", **given)
    await stage.look()
    wanted = {
        (role, name, *given.values()): (stage.people[role], name, given)
        for role in OTHERS
        for name, given in questions("subscription", stage.ids)
    }
    before = {place for by in stage.people.values() for place in stage.all_places(by)}
    async with Live.of(agency, wanted) as live:
        for worked in (mine, theirs):
            await worked.open()
            await worked.close()
        for status in ("POSTPONED", "PENDING"):  # what comes too much comes before the second
            for order in (mine.order, theirs.order):
                await act(agency, agency.admin, "setOrderStatus", id=order, status=status)
            await stage.look()
            now = {key: stage.places(*wanted[key], but=before) for key in live.told}
            await live.reach(now)
    assert {key: places(told) for key, told in live.told.items()} == now
    for key, told in live.told.items():
        found = traces(told) & stage.facts.everything()
        assert not found - stage.facts.readable(wanted[key][0])


async def test_what_actions_answer_is_what_one_may_see(database: Database, hub: Hub) -> None:
    stage = await Stage.make(database, hub)
    succeeded = set()
    for role in OTHERS:
        for name in CALLS:
            given = stage.marked.given(name)
            told = await call(stage.agency, stage.people[role], name, given)
            if not told["errors"]:
                succeeded.add((role, name))
                await stage.look()
            assert not traces(told) - stage.facts.readable(stage.people[role])
    assert succeeded == {
        ("customer", "createOrder"),
        ("outsider", "invitePerson"),  # to their own agency
        *(("contractor", name) for name in CONTRACTORS),
    }


async def test_what_is_done_behind_their_backs_changes_no_answer(
    stage: Stage, database: Database, hub: Hub
) -> None:
    fresh = await Stage.booked(database, hub)
    another = fresh.marked.given("createOrder")
    await act(fresh.agency, fresh.agency.admin, "createOrder", **another)
    words = hidden_words(stage, stage.agency.customer)
    before = await all_told(await fresh.look(), words)
    for worked in (fresh.marked.mine, fresh.marked.theirs):
        await worked.close()
    after = await all_told(fresh, words)
    assert not [question for question in before if before[question] != after[question]]
