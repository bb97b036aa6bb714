"""The tail of a log: read once for all who follow it, and never with a hole in it."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from typing import Any, Literal

import orjson
import pytest
from factories import Agency
from following import following, until_ready
from shared_streams import FEED, is_ready, sent
from sqlalchemy import delete, update
from storage import session_of

import subscriptions.groups
import subscriptions.tail
from core.cursors import Cursor
from models import LogEntry, LogHead
from models import Mention as Mention
from subscriptions.hub import Hub

LOG = "subscription ($after: Cursor) { log(after: $after) { type cursor activity { kind } } }"
SECONDS = 30


async def post(agency: Agency, order: str, *texts: str) -> list[str]:
    """The places of new messages."""
    done = [await agency.do(agency.staff, "postMessage", orderId=order, text=t) for t in texts]
    return [each["postMessage"]["cursor"] for each in done]


async def told(stream: Any, count: int) -> list[str]:
    """The places that a stream tells next."""
    return [str((await following(stream, "log"))["cursor"]) for _ in range(count)]


async def test_an_entry_is_read_once_for_all_who_follow(
    agency: Agency, statements: list[str]
) -> None:
    orders = [await agency.book() for _ in range(4)]
    async with AsyncExitStack() as stack:
        streams = []
        for order in orders:
            for person in (agency.staff, agency.admin, agency.customer):
                stream = sent(agency, person, FEED, {"id": order})
                streams.append(await stack.enter_async_context(aclosing(stream)))
                assert is_ready(orjson.loads((await anext(stream)).json))
        statements.clear()
        await agency.do(agency.staff, "setOrderStatus", id=orders[0], status="IN_PROGRESS")
        for stream in streams[:3]:
            event = orjson.loads((await anext(stream)).json)["data"]["orderFeed"]
            assert event["kind"] == "ORDER_STATUS_CHANGED"
    read = [each for each in statements if "array_agg" in each]
    assert len(read) == 1
    # The customer is asked after once more: whether the order is still theirs.
    assert sum("FROM log_entries" in each for each in statements) == len(read) + 1


async def test_who_comes_back_soon_is_told_from_memory(
    agency: Agency, statements: list[str]
) -> None:
    order = await agency.book()
    first, *others = await post(agency, order, *"abcd")
    async with agency.watch(agency.staff, LOG) as stream:
        await until_ready(stream, "log")
        statements.clear()
        async with agency.watch(agency.admin, LOG, after=first) as again:
            assert [e["cursor"] for e in await until_ready(again, "log")][:-1] == others
        assert not [each for each in statements if "log_entries" in each]


async def test_who_was_away_for_long_is_told_by_the_database(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions.tail, "_KEPT", 3)
    order = await agency.book()
    first, *others = await post(agency, order, *"abcdefgh")
    async with agency.watch(agency.staff, LOG, after=first) as stream:
        assert [e["cursor"] for e in await until_ready(stream, "log")][:-1] == others


async def test_who_does_not_keep_up_misses_nothing(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions.groups, "_ITEMS_KEPT", 2)
    order = await agency.book()
    async with (
        agency.watch(agency.staff, LOG) as slow,
        agency.watch(agency.manager, LOG) as quick,
    ):
        await until_ready(slow, "log")
        await until_ready(quick, "log")
        posted = []
        for each in "abcdefghijklmnop":
            posted += await post(agency, order, each)
            assert await told(quick, 1) == posted[-1:]
        assert await told(slow, len(posted)) == posted


async def test_what_is_deleted_meanwhile_is_not_told_from_memory(agency: Agency) -> None:
    order = await agency.book()
    posted = await agency.do(
        agency.staff, "postMessage", "message { id }", orderId=order, text="A secret"
    )
    start = str(Cursor.at(agency.organization.id, 0, None))
    given = {"id": order, "include": ["MESSAGES"], "after": start}
    async with agency.watch(agency.staff, FEED, **given) as stream:
        before, _ = await until_ready(stream, "orderFeed")
        assert before["entry"]["text"] == "A secret"  # type: ignore[index]
        message = posted["postMessage"]["message"]["id"]
        await agency.do(agency.staff, "deleteMessage", id=message)
        assert (await following(stream, "orderFeed"))["entry"]["text"] is None  # type: ignore[index]
        async with agency.watch(agency.admin, FEED, **given) as again:
            events = await until_ready(again, "orderFeed")
    assert [each["entry"] and each["entry"]["text"] for each in events] == [None] * 3  # type: ignore[index]


async def test_a_log_that_lost_commits_is_noticed_even_if_numbers_are_used_again(
    agency: Agency,
) -> None:
    order = await agency.book()
    kept, *_ = await post(agency, order, "kept")
    async with agency.watch(agency.staff, LOG) as stream:
        await until_ready(stream, "log")
        (lost,) = await post(agency, order, "lost")
        assert await told(stream, 1) == [lost]
        seq = Cursor.parse(lost, "").seq
        mine = LogEntry.organization_id == agency.organization.id
        async with session_of(agency.database) as session:
            await session.execute(delete(LogEntry).where(mine, LogEntry.seq == seq))
            head = LogHead.organization_id == agency.organization.id
            await session.execute(update(LogHead).where(head).values(last_seq=seq - 1))
        await post(agency, order, "other", "another")
        async with asyncio.timeout(SECONDS):
            answer = await anext(stream)
        assert answer.error == {"code": "UNAVAILABLE"}
    async with agency.watch(agency.staff, LOG, after=lost) as stream:
        assert [e["type"] for e in await until_ready(stream, "log")] == ["RESYNC", "READY"]
    async with agency.watch(agency.staff, LOG, after=kept) as stream:
        assert len(await until_ready(stream, "log")) == 3


CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"""


async def test_an_outage_of_the_database_loses_nothing(agency: Agency) -> None:
    order = await agency.book()
    async with agency.watch(agency.staff, LOG) as stream:
        await until_ready(stream, "log")
        for each in "ab":
            await agency.database.fetch(CUT)
            posted = await post(agency, order, each)
            assert await told(stream, 1) == posted


class Counted(asyncio.Semaphore):
    """A semaphore that knows how many had it at a time."""

    held = most = 0

    async def acquire(self) -> Literal[True]:
        """Have one, when it is there."""
        await super().acquire()
        self.held += 1
        self.most = max(self.most, self.held)
        return True

    def release(self) -> None:
        """Give it back."""
        self.held -= 1
        super().release()


async def test_those_who_come_back_at_once_read_a_few_pages_at_a_time(
    agency: Agency, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions.tail, "_KEPT", 3)
    paging = Counted(subscriptions.tail._PAGES_AT_ONCE)  # noqa: SLF001 - as many as there are
    monkeypatch.setattr(hub.tails, "paging", paging)
    order = await agency.book()
    first, *others = await post(agency, order, *"abcdefgh")

    async def follow() -> list[object]:
        async with agency.watch(agency.staff, LOG, after=first) as stream:
            return [each["cursor"] for each in await until_ready(stream, "log")][:-1]

    assert await asyncio.gather(*(follow() for _ in range(60))) == [others] * 60
    assert paging.most == subscriptions.tail._PAGES_AT_ONCE  # noqa: SLF001 - see above
