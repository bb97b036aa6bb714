"""Clients that take nothing, or are no longer there: they are let go, and resume if they can."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from factories import Agency
from leftovers import TASKS, tasks
from processes import SECONDS, Socket, closed
from watched import Watched, quiet
from websockets.exceptions import ConnectionClosed

from core.database import Database
from server.embedded import Postgres, Valkey

FEED = """subscription ($id: ID!, $after: Cursor) { orderFeed(orderId: $id, after: $after) {
  type cursor entry { ... on Message { text } }
} }"""
LONG = "x" * 9_000
IMPATIENT = "from server import sockets; sockets._PATIENCE_S, sockets._FAREWELL_S = 0.5, 60"
HASTY = """
import gc
from server import commands, sockets, websocket
def tell(*_):
    gc.collect()
    print(sum(isinstance(each, sockets.SocketProtocol) for each in gc.get_objects()), flush=True)
signal.signal(signal.SIGUSR1, tell)
sockets._PATIENCE_S, sockets._FAREWELL_S = 3600, 0.2
commands._UNTAKEN_MS = 3_600_000  # the kernel does not help
websocket._SILENCE_S, websocket._ANSWER_S, websocket._FAREWELL_S = 1, 1, 0.2
"""


@pytest.fixture(scope="module")
async def server(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process that waits for slow clients only shortly."""
    del database  # migrated is all it has to be
    async with quiet(postgres.url, valkey.url, first=TASKS + IMPATIENT) as server:
        yield server


@pytest.fixture(scope="module")
async def hasty(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process that waits for silent clients only shortly."""
    del database
    async with quiet(postgres.url, valkey.url, first=TASKS + HASTY) as server:
        yield server


async def follow(socket: Socket, order: str) -> None:
    """Subscribe, and be ready."""
    await socket.subscribe("1", FEED, id=order)
    assert (await socket.event("1"))["type"] == "READY"


async def post(agency: Agency, order: str, count: int) -> None:
    """Long messages, which begin with their numbers."""
    for i in range(count):
        await agency.do(agency.staff, "postMessage", orderId=order, text=f"{i} {LONG}")


def number(event: dict[str, Any]) -> int:
    """The number of a message."""
    return int(event["entry"]["text"].split()[0])


async def test_who_takes_nothing_is_let_go_and_resumes_without_loss(
    agency: Agency, server: Watched
) -> None:
    order, count = await agency.book(), 200
    async with server.socket(agency.admin) as quick, server.socket(agency.staff) as slow:
        await follow(quick, order)
        before = await tasks(server)
        await follow(slow, order)
        slow.raw.transport.pause_reading()
        posting = asyncio.create_task(post(agency, order, count))
        assert [number(await quick.event("1")) for _ in range(count)] == list(range(count))
        await posting
        async with asyncio.timeout(SECONDS):
            while await tasks(server) > before:
                pass
        slow.raw.transport.resume_reading()
        told, after = [], None
        while (message := await heard(slow)) is not None:
            told.append(number(message))
            after = message["cursor"]
        assert await closed(slow.raw) == 4290
    assert len(told) < count
    async with server.socket(agency.staff) as again:
        await again.subscribe("1", FEED, id=order, after=after)
        while (event := await again.event("1"))["type"] != "READY":
            told.append(number(event))
    assert told == list(range(count))


async def heard(socket: Socket) -> dict[str, Any] | None:
    """The next event; None at the end of the connection."""
    try:
        return await socket.event("1")
    except ConnectionClosed:
        return None


async def test_a_client_that_is_no_longer_there_leaves_nothing_behind(
    agency: Agency, hasty: Watched
) -> None:
    order = await agency.book()
    assert await tasks(hasty) == 0  # which tells of connections here
    async with hasty.socket(agency.staff) as gone:
        for each in range(50):
            await gone.subscribe(str(each), FEED, id=order)
            assert (await gone.event(str(each)))["type"] == "READY"
        assert await tasks(hasty) == 1
        gone.raw.transport.pause_reading()
        await post(agency, order, 4)  # for each of them: more than fits between the two
        async with asyncio.timeout(SECONDS):
            while await tasks(hasty):
                pass
