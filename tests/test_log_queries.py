"""The log over HTTP: pages of it, the place that an answer was read at, and waiting for a place."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asking import ask
from factories import Agency, Answer
from following import following, until_ready
from processes import token
from redis.asyncio import Redis
from watched import Watched, quiet

from core import log
from core.cursors import Cursor
from core.database import Database
from core.records import select_records
from models import PERSONAL, Kind, LogEntry, Order, Person, new_id
from server.embedded import Postgres, Valkey

LOG = """query ($filter: ActivityFilter, $first: Int, $after: Cursor) {
  log(filter: $filter, first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges { cursor node { kind subject { __typename id ... on Message { text } } } }
} }"""
FOLLOW = """subscription ($filter: ActivityFilter, $after: Cursor) {
  log(filter: $filter, after: $after) { type cursor activity { kind } }
}"""
KNOWN = "{ cursor log(first: 100) { edges { cursor } } }"
NAME = "{ viewer { person { name } } }"
HASTY = """
from subscriptions import waits
waits._PATIENCE_S = 0.2
"""


async def entries(agency: Agency) -> list[LogEntry]:
    """What the log has for more than one person, in its order."""
    context = agency.context(agency.admin)
    found = await context.now(context.select(LogEntry).where(LogEntry.kind.not_in(PERSONAL)))
    return sorted(found, key=lambda each: each.seq)


def places(answer: Answer) -> list[str]:
    """The cursors of a page of the log."""
    return [edge["cursor"] for edge in answer["log"]["edges"]]


async def work(agency: Agency) -> str:
    """The id of an order on which several things have happened."""
    order = await agency.book()
    await agency.do(agency.staff, "postMessage", orderId=order, text="@Mia Manager, look")
    await agency.do(agency.staff, "setOrderStatus", id=order, status="IN_PROGRESS")
    return order


async def test_the_log_is_read_page_by_page(agency: Agency) -> None:
    await work(agency)
    told: list[str] = []
    after, more = None, True
    while more:
        answer = await agency.ask(agency.admin, LOG, first=2, after=after)
        told += places(answer)
        after = answer["log"]["pageInfo"]["endCursor"]
        more = answer["log"]["pageInfo"]["hasNextPage"]
    wanted = await entries(agency)
    assert told == [str(Cursor.at(e.organization_id, e.seq, e.id)) for e in wanted]
    assert {e.kind for e in wanted} >= {Kind.ORDER_CREATED, Kind.MESSAGE_POSTED}
    assert places(await agency.ask(agency.admin, LOG, after=after)) == []


async def test_an_entry_shows_what_it_is_about_as_it_is_now(agency: Agency) -> None:
    order = await work(agency)
    message = {"kind": ["MESSAGE_POSTED"]}
    (edge,) = (await agency.ask(agency.staff, LOG, filter=message))["log"]["edges"]
    assert edge["node"]["subject"]["text"] == "@Mia Manager, look"
    await agency.do(agency.staff, "deleteMessage", id=edge["node"]["subject"]["id"])
    (edge,) = (await agency.ask(agency.staff, LOG, filter=message))["log"]["edges"]
    assert edge["node"]["subject"]["text"] is None
    status = {"kind": ["ORDER_STATUS_CHANGED"]}
    (edge,) = (await agency.ask(agency.staff, LOG, filter=status))["log"]["edges"]
    assert edge["node"]["subject"] == {"__typename": "Order", "id": order}


async def test_the_log_can_be_followed_with_the_same_filter_and_cursors(agency: Agency) -> None:
    order = await work(agency)
    wanted = {"kind": ["MESSAGE_POSTED", "ORDER_STATUS_CHANGED"], "orderId": [order]}
    before = await agency.ask(agency.staff, LOG, filter=wanted)
    start = str(Cursor.at(agency.organization.id, 0, None))
    async with agency.watch(agency.manager, FOLLOW, filter=wanted, after=start) as stream:
        *replayed, _ = await until_ready(stream, "log")
        assert [each["cursor"] for each in replayed] == places(before)
        await agency.do(agency.admin, "setPaymentStatus", id=order, paymentStatus="PAID")
        await agency.do(agency.admin, "setOrderStatus", id=order, status="COMPLETED")
        event = await following(stream, "log")
        assert event["activity"] == {"kind": "ORDER_STATUS_CHANGED"}
        after = before["log"]["pageInfo"]["endCursor"]
        newer = await agency.ask(agency.staff, LOG, filter=wanted, after=after)
        assert places(newer) == [event["cursor"]]


@pytest.mark.parametrize("role", ["contractor", "customer"])
async def test_the_whole_log_is_for_staff_and_admins(agency: Agency, role: str) -> None:
    await work(agency)
    person = getattr(agency, role)
    assert (await agency.ask(person, LOG)).error == {"code": "FORBIDDEN"}
    async with agency.watch(person, FOLLOW) as stream:
        assert (await anext(stream)).error == {"code": "FORBIDDEN"}


async def test_a_place_that_the_log_has_not_is_told_so(
    agency: Agency, database: Database, hub: Any
) -> None:
    other = await Agency.make(database, hub)
    await work(agency)
    await work(other)
    (edge, *_) = (await agency.ask(agency.staff, LOG))["log"]["edges"]
    foreign = (await other.ask(other.staff, LOG))["log"]["edges"][0]["cursor"]
    mine = Cursor.parse(edge["cursor"], "")
    lost = str(Cursor(mine.organization, mine.seq, b"lost"))
    future = str(Cursor(mine.organization, 9_999, b"lost"))
    for after in (lost, future):
        refused = await agency.ask(agency.staff, LOG, after=after)
        assert refused.error == {"code": "RESYNC", "field": "after"}
    refused = await agency.ask(agency.staff, LOG, after=foreign)
    assert refused.error == {"code": "BAD_USER_INPUT", "field": "after"}


async def test_an_answer_says_at_which_place_it_was_read(agency: Agency) -> None:
    assert (await agency.ask(agency.customer, "{ cursor }"))["cursor"] == str(
        Cursor.at(agency.organization.id, 0, None)
    )
    order = await agency.book()

    async def write() -> None:
        for status in ("IN_PROGRESS", "COMPLETED") * 8:
            await agency.do(agency.staff, "setOrderStatus", id=order, status=status)

    writers = asyncio.gather(write(), write(), write())
    read = set()
    while not writers.done():
        answer = await agency.ask(agency.admin, KNOWN)
        assert places(answer)[-1] == answer["cursor"]
        read.add(answer["cursor"])
    await writers
    assert len(read) > 1


async def test_query_then_subscribe_misses_nothing(agency: Agency) -> None:
    order = await agency.book()

    async def write() -> None:
        for i in range(12):
            await agency.do(agency.staff, "postMessage", orderId=order, text=str(i))

    writers = asyncio.gather(write(), write())
    known = await agency.ask(agency.staff, KNOWN)
    async with agency.watch(agency.staff, FOLLOW, after=known["cursor"]) as stream:
        await writers
        last = await agency.do(agency.staff, "postMessage", orderId=order, text="last")
        told: list[Any] = places(known)
        while told[-1] != last["postMessage"]["cursor"]:
            event = await following(stream, "log")
            told += [event["cursor"]] if event["type"] == "CHANGE" else []
    now = await entries(agency)
    assert told == [str(Cursor.at(e.organization_id, e.seq, e.id)) for e in now]


@pytest.fixture(scope="module")
async def server(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process."""
    del database  # migrated is all it has to be
    async with quiet(postgres.url, valkey.url) as server:
        yield server


@pytest.fixture(scope="module")
async def hasty(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process that has little patience."""
    del database
    async with quiet(postgres.url, valkey.url, first=HASTY) as server:
        yield server


async def asked_after(server: Watched, person: Person, place: object) -> Any:
    """What a server answers to a query that waits for a place."""
    headers = {"Callsheet-After": str(place), "Authorization": f"Bearer {token(person)}"}
    return (await ask(server, person, NAME, headers)).json()


async def test_a_query_waits_until_its_server_knows_a_place(
    agency: Agency, server: Watched, valkey: Valkey
) -> None:
    await agency.book()
    channel = f"log:{agency.organization.id}"
    async with Redis.from_url(valkey.url) as redis:
        async with agency.database.transaction(agency.organization.id) as transaction:
            mine = Order.organization_id == agency.organization.id
            order = await transaction.row(select_records(Order).where(mine))
            entry = log.entry(Kind.ORDER_NOTES_CHANGED, order, agency.staff.id)
            cursor = await log.append(transaction, [entry])
            asking = asyncio.create_task(asked_after(server, agency.customer, cursor))
            async with asyncio.timeout(20):
                while (await redis.pubsub_numsub(channel))[0][1] < 1:  # it waits
                    assert not asking.done()
        agency.hub.announce(agency.organization.id, cursor.seq)
    assert (await asking)["data"]["viewer"]["person"]["name"] == "Carl Customer"
    assert (await asked_after(server, agency.customer, cursor))["data"]


async def test_waiting_for_a_place_has_an_end(agency: Agency, hasty: Watched) -> None:
    await agency.book()
    future = Cursor.at(agency.organization.id, 9_999, new_id())
    (error,) = (await asked_after(hasty, agency.staff, future))["errors"]
    assert error["extensions"] == {"code": "UNAVAILABLE"}


async def test_a_place_to_wait_for_must_be_one(agency: Agency, hasty: Watched) -> None:
    await agency.book()
    wrong = {
        Cursor.at(agency.organization.id, 1, new_id()): "RESYNC",
        Cursor.at(agency.staff.id, 1, new_id()): "BAD_USER_INPUT",
        "junk": "BAD_USER_INPUT",
    }
    for place, code in wrong.items():
        (error,) = (await asked_after(hasty, agency.staff, place))["errors"]
        assert error["extensions"] == {"code": code, "field": "Callsheet-After"}
