"""What is executed once for many followers: the same as each would be told alone."""

import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Annotated, Any

import orjson
import pytest
import schema_walk
import strawberry
from everything_asked import BESIDE_THE_LOG, Given, questions
from factories import Agency, typed
from shared_streams import FEED, alone, impersonal, is_ready, sent, shared, subscribed
from stage import OWN, Stage

import models
from core.context import Context
from core.cursors import Cursor
from core.database import Database
from core.log_filter import Wanted
from core.viewer import Anyone, Scope
from engine.fields import batch
from models import Kind, Person, ReadMarker
from schema import sharing
from subscriptions.hub import Hub
from subscriptions.streams import Stream

pytestmark = pytest.mark.usefixtures("unlimited")

STAFF = ("admin", "manager", "staff")


@pytest.fixture(scope="module")
async def stage(database: Database, hub: Hub) -> Stage:
    """One for all tests that change nothing."""
    return await Stage.make(database, hub)


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_shared_is_what_each_would_be_told_alone(stage: Stage, seed: int) -> None:
    agency, dice = stage.agency, random.Random(seed)  # noqa: S311 - chance for a test
    entries = stage.places(agency.admin, "log", {})
    for name, given in questions("subscription", [stage.marked.mine.order]):
        asked = {"after": dice.choice(entries[-40:-20]), **given}
        document = subscribed(name, asked, dice)
        told = {}
        for role in STAFF:
            by = getattr(agency, role)
            told[role] = await alone(agency, by, document, asked)
            assert await shared(agency, by, document, asked) == told[role]
        if name not in OWN:
            assert len(told["admin"]) > 1
        if name not in OWN and document == impersonal(document):
            assert told["manager"] == told["staff"]


@pytest.mark.parametrize(
    "name", sorted(schema_walk.root("subscription").keys() - OWN - BESIDE_THE_LOG)
)
async def test_nothing_that_is_shared_depends_on_who_asks(stage: Stage, name: str) -> None:
    agency, order = stage.agency, stage.marked.mine.order
    (given,) = (given for each, given in questions("subscription", [order]) if each == name)
    asked = {"after": str(Cursor.at(agency.organization.id, 0, None)), **given}
    document = impersonal(schema_walk.document("subscription", name, asked))
    assert alike(agency, agency.staff, document, asked)
    # What depends on who asks, and is not marked as personal, fails where it is anyone.
    told = await shared(agency, agency.staff, document, asked)
    assert [each["errors"] for each in told if "errors" in each] == []


async def test_what_depends_on_who_asks_fails_for_anyone(agency: Agency) -> None:
    anyone = Anyone(models.Permission.STAFF, agency.organization.id, frozenset(Scope))
    context = Context(anyone, agency.database, agency.hub)
    with pytest.raises(AttributeError, match="id"):
        _ = anyone.id
    with pytest.raises(AttributeError, match="id"):
        context.select(ReadMarker)
    with pytest.raises(AttributeError, match="id"):
        await context.read(lambda sees: sees.select(ReadMarker))


def alike(
    agency: Agency,
    by: Person,
    document: str,
    given: Given,
    kinds: frozenset[Kind] = models.SHARED,
    api: Any = schema_walk.SCHEMA,
) -> object:
    """What those have in common who are told the same as somebody; None if nobody is."""
    stream = Stream(agency.context(by), Wanted(kinds), None)
    return sharing.key(api, stream, document, None, given)


async def test_staff_share_what_they_ask_alike(agency: Agency) -> None:
    given = {"id": "ord_1", "include": ["MESSAGES"]}
    by_staff = alike(agency, agency.staff, FEED, given)
    assert by_staff == alike(agency, agency.staff, FEED, dict(reversed(given.items())))
    assert by_staff == alike(agency, agency.manager, FEED, given | {"after": "AAAA"})
    others = [
        alike(agency, agency.admin, FEED, given),
        alike(agency, agency.staff, FEED, given | {"id": "ord_2"}),
        alike(agency, agency.staff, FEED, {"id": "ord_1"}),
        alike(agency, agency.staff, FEED.replace("kind", ""), given),
    ]
    assert len({by_staff, *others}) == 5
    for person in (agency.contractor, agency.customer):
        assert alike(agency, person, FEED, given) is None
    assert alike(agency, agency.staff, FEED, given, models.PERSONAL) is None


async def test_a_place_that_is_asked_for_elsewhere_too_is_not_left_out(agency: Agency) -> None:
    twice = """subscription ($after: Cursor) { activity(after: $after) { ...Feed } }
      fragment Feed on ActivityEvent { type activity { order { feed(after: $after) {
        edges { cursor } } } } }"""
    asked = [alike(agency, agency.staff, twice, {"after": after}) for after in ("AAAA", "BBBB")]
    assert asked[0] != asked[1]


async def unread(things: list[int], _info: Any) -> list[int]:
    """How much of it the viewer has not read."""
    return things


@strawberry.type
class Thing:
    """Something of which a part is another for each viewer."""

    total: Annotated[int, batch(unread)]
    unread: Annotated[int, batch(unread, personal=True)]


@strawberry.type
class Subscription:
    """What can be followed."""

    @strawberry.subscription
    async def things(self) -> AsyncGenerator[Thing, None]:
        """Nothing."""
        yield Thing()  # type: ignore[call-arg] # its fields are made by functions


@strawberry.type
class Query:
    """What can be read."""

    ok: bool


async def test_what_is_personal_is_not_shared(agency: Agency) -> None:
    api = strawberry.Schema(Query, subscription=Subscription)._schema  # noqa: SLF001 - hidden by Strawberry
    total = "subscription { things { total } }"
    assert alike(agency, agency.staff, total, {}, api=api)
    personal = "subscription { things { ...T } } fragment T on Thing { total n: unread }"
    assert alike(agency, agency.staff, personal, {}, api=api) is None


async def test_one_execution_is_for_all_who_share_it(agency: Agency, statements: list[str]) -> None:
    order, counts, both = await agency.book(), [], (agency.staff, agency.manager)
    for followers in (1, 12):
        async with AsyncExitStack() as stack:
            streams = [
                await stack.enter_async_context(
                    aclosing(sent(agency, both[i % 2], FEED, {"id": order}))
                )
                for i in range(followers)
            ]
            for stream in streams:
                assert is_ready(orjson.loads((await anext(stream)).json))
            statements.clear()
            await agency.do(agency.staff, "postMessage", orderId=order, text="Hello")
            first, *others = [await anext(stream) for stream in streams]
            counts.append(
                sum("log_entries.seq >" in each or "messages" in each for each in statements)
            )
            assert orjson.loads(first.json)["data"]["orderFeed"]["entry"]["text"] == "Hello"
            assert all(each is first for each in others)
    assert counts[0] == counts[1]


async def test_those_who_see_only_their_orders_are_told_apart(agency: Agency) -> None:
    order = await agency.book()
    given = {"id": order, "personId": typed(agency.contractor)}
    await agency.do(agency.admin, "addTeamMember", **given)
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(aclosing(sent(agency, by, FEED, {"id": order})))
            for by in (agency.staff, agency.contractor)
        ]
        for stream in streams:
            assert is_ready(orjson.loads((await anext(stream)).json))
        await agency.do(agency.staff, "postMessage", orderId=order, text="Hello")
        first, second = [await anext(stream) for stream in streams]
    assert first is not second
    assert first.json == second.json
    assert first.place == second.place
