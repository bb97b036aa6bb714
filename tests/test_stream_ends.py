"""Subscriptions over HTTP from their begin to their end, however it comes."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import orjson
import pytest
from asking import CLASSIC
from breakable import Breakable, breakable
from factories import Agency, typed
from leftovers import TASKS, settled, tasks
from processes import SECONDS, token
from redis.asyncio import Redis
from streaming import BOTH, EVENTS, FEED, PARTS, POST, Streaming, streaming
from watched import Watched, quiet, watched

from core.database import Database
from models import Person
from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub

HASTY = """
from server import event_streams
event_streams._HEARTBEAT_S = event_streams._PATIENCE_S = 0.3
"""
STERN = """
from server import commands
commands._UNTAKEN_MS = 1_000
"""


@pytest.fixture(scope="module")
async def server(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process that tells how many tasks it has."""
    del database  # migrated is all it has to be
    async with quiet(postgres.url, valkey.url, first=TASKS) as server:
        yield server


@pytest.fixture(scope="module")
async def hasty(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process that has little patience."""
    del database
    async with quiet(postgres.url, valkey.url, first=HASTY) as server:
        yield server


@pytest.fixture(scope="module")
async def broken(postgres: Postgres, valkey: Valkey, hub: Hub) -> AsyncIterator[Breakable]:
    """A server process over a database that a test may break."""
    async with breakable(postgres, valkey, hub) as broken:
        yield broken


@pytest.fixture
async def redis(valkey: Valkey) -> AsyncIterator[Redis]:
    """What the server tells Redis of."""
    async with Redis.from_url(valkey.url) as redis:
        yield redis


@BOTH
async def test_there_are_signs_of_life(agency: Agency, hasty: Watched, accept: str) -> None:
    order_id = await agency.book()
    beat = b":" if accept is EVENTS else b"\r\ncontent-type: application/json\r\n\r\n{}"
    async with streaming(hasty, agency.staff, FEED, accept, id=order_id) as stream:
        assert (await stream.event())["type"] == "READY"
        assert [await stream.block() for _ in range(3)] == [beat] * 3
        await hasty.ask(agency.manager, POST, id=order_id, text="x")
        assert await stream.texts(last="x") == ["x"]


@BOTH
async def test_a_stream_ends_with_its_token(agency: Agency, server: Watched, accept: str) -> None:
    order_id, secret = await agency.book(), token(agency.staff, timedelta(seconds=3))
    async with streaming(server, agency.staff, FEED, accept, id=order_id, secret=secret) as stream:
        assert (await stream.event())["type"] == "READY"
        if accept is PARTS:
            cut = await stream.part()
            assert cut["payload"] is None
            assert cut["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await stream.block() is None  # without `complete`: there is more to tell
        assert stream.rest == (b"--\r\n" if accept is PARTS else b"")


@BOTH
async def test_a_stream_ends_when_its_person_is_suspended(
    agency: Agency, server: Watched, accept: str
) -> None:
    order_id = await agency.book()
    async with streaming(server, agency.manager, FEED, accept, id=order_id) as stream:
        assert (await stream.event())["type"] == "READY"
        await agency.do(agency.admin, "suspendPerson", id=typed(agency.manager))
        if accept is PARTS:
            cut = await stream.part()
            assert cut["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await stream.block() is None


@BOTH
async def test_a_stream_ends_with_its_server(
    agency: Agency, postgres: Postgres, valkey: Valkey, accept: str
) -> None:
    order_id = await agency.book()
    async with (
        watched(postgres.url, valkey.url) as ending,
        streaming(ending, agency.staff, FEED, accept, id=order_id) as stream,
    ):
        assert (await stream.event())["type"] == "READY"
        ending.process.send_signal(signal.SIGTERM)
        if accept is PARTS:
            cut = await stream.part()
            assert cut["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert await stream.block() is None
        async with asyncio.timeout(SECONDS):
            await ending.process.wait()
        assert "Traceback" not in ending.log
        assert "timeout" not in ending.log


@BOTH
async def test_a_client_that_leaves_leaves_nothing_behind(
    agency: Agency, server: Watched, redis: Redis, accept: str
) -> None:
    order_id = await agency.book()
    await server.ask(agency.manager, POST, id=order_id, text="x")
    before = await tasks(server)

    async def leave() -> None:
        async with streaming(server, agency.staff, FEED, accept, id=order_id) as stream:
            assert (await stream.event())["type"] == "READY"

    await asyncio.gather(*(leave() for _ in range(10)))
    await settled(server, redis, agency, before)


@asynccontextmanager
async def idler(
    server: Watched, agency: Agency, order_id: str, redis: Redis
) -> AsyncIterator[tuple[asyncio.StreamReader, int]]:
    """A client that stopped reading after `READY`, so that the server has stopped telling it.

    Gives what it could read, and how many messages were posted meanwhile.
    """
    reader, writer = await asyncio.open_connection(*server.address.split(":"), limit=1024)
    body = orjson.dumps({"query": FEED, "variables": {"id": order_id}})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: {CLASSIC}\r\n"
        f"Accept: {EVENTS}\r\nAuthorization: Bearer {token(agency.staff)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await reader.readuntil(b"READY")
    channel, sent = f"log:{agency.organization.id}", 0
    async with asyncio.timeout(SECONDS * 2):
        while await redis.pubsub_numsub(channel) != [(channel.encode(), 0)]:
            await server.ask(agency.manager, POST, id=order_id, text=f"{sent} ".ljust(9_000, "x"))
            sent += 1
    try:
        yield reader, sent
    finally:
        writer.transport.abort()


async def test_a_client_that_does_not_read_is_cut_off_and_goes_on_later(
    agency: Agency, hasty: Watched, redis: Redis
) -> None:
    order_id, told = await agency.book(), b""
    async with idler(hasty, agency, order_id, redis) as (reader, sent):
        async with asyncio.timeout(SECONDS):
            while not told.endswith(b"\r\n0\r\n\r\n"):
                told += await reader.read(2**16)
    texts = [int(each) for each in re.findall(rb'"text":"(\d+) x', told)]
    assert texts == list(range(len(texts)))
    assert len(texts) < sent
    assert b"event: complete" not in told
    last = re.findall(rb"id: (\S+)\n", told)[-1].decode()
    headers = {"Last-Event-ID": last}
    async with streaming(hasty, agency.staff, FEED, headers=headers, id=order_id) as stream:
        for number in range(len(texts), sent):
            assert (await stream.event())["entry"]["text"].startswith(f"{number} ")


async def test_a_person_has_so_many_streams_at_a_time(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    order_id = await agency.book()
    few = "from server import state\nstate.STREAMS_LIMIT = 2"

    async def follow(server: Watched, stack: AsyncExitStack, person: Person) -> Streaming:
        """Follow, as soon as the server has seen that earlier streams have ended."""
        status = 503
        while status == 503:
            stream = await stack.enter_async_context(streaming(server, person, FEED, id=order_id))
            status = stream.response.status_code
        assert (await stream.event())["type"] == "READY"
        return stream

    async with quiet(postgres.url, valkey.url, first=few) as server:
        for _ in range(2):
            async with AsyncExitStack() as stack:
                streams = [
                    await follow(server, stack, person)
                    for person in (agency.staff, agency.staff, agency.admin)
                ]
                async with streaming(server, agency.staff, FEED, id=order_id) as refused:
                    assert refused.response.status_code == 503
                    assert b"UNAVAILABLE" in await refused.response.aread()
                assert {stream.response.status_code for stream in streams} == {200}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be told to give up")
async def test_a_client_that_never_reads_again_is_let_go(
    agency: Agency, postgres: Postgres, valkey: Valkey, redis: Redis
) -> None:
    order_id = await agency.book()
    async with quiet(postgres.url, valkey.url, first=HASTY + TASKS + STERN) as server:
        await server.ask(agency.manager, POST, id=order_id, text="x")
        before = await tasks(server)
        async with idler(server, agency, order_id, redis):
            await settled(server, redis, agency, before)


@BOTH
async def test_a_bug_is_masked_and_told(broken: Breakable, accept: str) -> None:
    agency = broken.agency
    order_id = await agency.book()
    async with streaming(broken.server, agency.admin, FEED, accept, id=order_id) as stream:
        assert (await stream.event())["type"] == "READY"
    async with (
        broken.without("orders"),
        streaming(broken.server, agency.admin, FEED, accept, id=order_id) as stream,
    ):
        (error,) = (await stream.answer())["errors"]
        assert stream.response.headers["X-Request-Id"] == broken.request_id(error)
