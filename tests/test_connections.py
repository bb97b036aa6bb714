"""WebSocket connections from their begin to their end, however it comes."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import leak_run
import pytest
from breakable import Breakable, breakable
from factories import Agency, typed
from leftovers import TASKS, settled, tasks
from processes import SECONDS, Socket, closed, token
from redis.asyncio import Redis
from watched import Watched, quiet, watched

from core.database import Database
from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub

FEED = """subscription ($id: ID!) { orderFeed(orderId: $id) {
  type entry { ... on Message { text } }
} }"""
NAME = "{ viewer { person { name } } }"
POST = 'mutation ($id: ID!) { postMessage(input: {orderId: $id, text: "x"}) { cursor } }'


@pytest.fixture(scope="module")
async def server(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process that tells on SIGUSR1 how many tasks it has."""
    del database  # migrated is all it has to be
    async with quiet(postgres.url, valkey.url, first=TASKS) as server:
        async with httpx2.AsyncClient() as client:  # it has all its tasks when it answers
            await client.get(f"http://{server.address}/health", timeout=SECONDS)
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


async def follow(socket: Socket, order_id: str, *ids: str) -> None:
    """Subscribes under each of some ids, and waits until all are ready."""
    for each in ids:
        await socket.subscribe(each, FEED, id=order_id)
    for _ in ids:
        assert (await socket.receive())["type"] == "next"


async def test_a_stream_that_the_client_completes_is_freed(
    agency: Agency, server: Watched, redis: Redis
) -> None:
    order_id = await agency.book()
    before = await tasks(server)
    async with server.socket(agency.staff) as socket:
        idle = await tasks(server)
        await follow(socket, order_id, "1", "2")
        assert await tasks(server) >= idle + 2
        await socket.send({"id": "1", "type": "complete"})
        await server.ask(agency.staff, POST, id=order_id)
        assert (await socket.event("2"))["entry"] == {"text": "x"}
        await socket.send({"id": "2", "type": "complete"})
        await settled(server, redis, agency, idle)
        await server.ask(agency.staff, POST, id=order_id)
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}
    await settled(server, redis, agency, before)


async def test_a_client_that_says_goodbye_leaves_nothing_behind(
    agency: Agency, server: Watched, redis: Redis
) -> None:
    order_id = await agency.book()
    before = await tasks(server)
    async with server.socket(agency.staff) as socket:
        await follow(socket, order_id, "1", "2", "3")
    await settled(server, redis, agency, before)


async def test_clients_that_vanish_leave_nothing_behind(
    agency: Agency, server: Watched, redis: Redis
) -> None:
    order_id = await agency.book()
    before = await tasks(server)

    async def vanish() -> None:
        async with server.socket(agency.staff) as socket:
            await follow(socket, order_id, "1", "2", "3")
            socket.cut()

    await asyncio.gather(*(vanish() for _ in range(10)))
    await settled(server, redis, agency, before)


async def test_clients_may_vanish_at_any_moment(
    agency: Agency, server: Watched, redis: Redis
) -> None:
    order_id = await agency.book()
    before = await tasks(server)

    async def vanish(after: int) -> None:
        async with server.raw_socket() as raw:
            socket = Socket(raw)
            payload = {"Authorization": f"Bearer {token(agency.staff)}"}
            steps = [
                socket.send({"type": "connection_init", "payload": payload}),
                socket.receive(),
                socket.subscribe("1", FEED, id=order_id),
                socket.subscribe("2", POST, id=order_id),
                socket.subscribe("3", NAME),
                socket.receive(),
                socket.send({"id": "1", "type": "complete"}),
            ]
            for number, step in enumerate(steps):
                if number < after:
                    await step
                else:
                    step.close()
            socket.cut()

    await asyncio.gather(*(vanish(after) for after in range(8) for _ in range(4)))
    await settled(server, redis, agency, before)


async def test_operations_may_be_completed_at_any_moment(
    agency: Agency, server: Watched, redis: Redis
) -> None:
    order_id = await agency.book()
    before = await tasks(server)
    async with server.socket(agency.staff) as socket:
        for query in (FEED, POST, "query ($id: ID!) { node(id: $id) { id } }", "{") * 3:
            for _ in range(2):
                for number in range(30):
                    await socket.subscribe(str(number), query, id=order_id)
                for number in range(30):
                    await socket.send({"id": str(number), "type": "complete"})
            await socket.send({"type": "ping"})
            while (await socket.receive())["type"] != "pong":
                pass
            await socket.subscribe("again", query, id=order_id)
            assert (await socket.receive())["id"] == "again"
            await socket.send({"id": "again", "type": "complete"})
    await settled(server, redis, agency, before)


async def test_a_connection_ends_with_its_token(
    agency: Agency, server: Watched, redis: Redis
) -> None:
    order_id = await agency.book()
    before = await tasks(server)
    async with server.raw_socket() as raw:
        socket = Socket(raw)
        payload = {"Authorization": f"Bearer {token(agency.staff, timedelta(seconds=3))}"}
        await socket.send({"type": "connection_init", "payload": payload})
        assert await socket.receive() == {"type": "connection_ack"}
        await follow(socket, order_id, "1")
        assert await closed(raw) == 4403
    await settled(server, redis, agency, before)


async def test_a_server_that_is_told_to_end_tells_its_clients(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    order_id = await agency.book()
    async with (
        watched(postgres.url, valkey.url) as server,
        server.socket(agency.staff) as following,
        server.socket(agency.staff) as idle,
        server.raw_socket() as silent,
    ):
        await follow(following, order_id, "1", "2")
        status = await server.end()
        for raw in (following.raw, idle.raw, silent):
            assert await closed(raw) == 1012
        assert status in (0, 128 + signal.SIGTERM)
        assert not server.log, server.log


async def test_who_can_not_be_let_in_for_a_fault_of_ours_may_come_again(broken: Breakable) -> None:
    async with broken.without("people"), broken.server.raw_socket() as raw:
        payload = {"Authorization": f"Bearer {token(broken.agency.staff)}"}
        await Socket(raw).send({"type": "connection_init", "payload": payload})
        assert await closed(raw) == 1013
    assert raw.close_reason
    request_id = raw.close_reason.partition("(")[2].strip(")")
    assert f"request {request_id} failed" in broken.server.log
    async with broken.server.socket(broken.agency.staff):
        pass


async def test_a_bug_ends_its_operation_only(broken: Breakable) -> None:
    async with broken.server.socket(broken.agency.staff) as socket:
        async with broken.without("orders"):
            await socket.subscribe("1", "{ __typename orders { totalCount } }")
            message = await socket.receive()
            assert message["type"] == "next"
            (error,) = message["payload"]["errors"]
            assert error["path"][0] == "orders"
            assert broken.request_id(error)
            assert await socket.receive() == {"id": "1", "type": "complete"}
            await socket.subscribe("2", FEED, id=typed(broken.agency.photos))
            assert (await socket.receive())["type"] == "error"
        async with broken.without("people"):
            await socket.subscribe("3", NAME)
            message = await socket.receive()
            assert (message["id"], message["type"]) == ("3", "error")
            (error,) = message["payload"]
            assert broken.request_id(error)
        await socket.subscribe("4", NAME)
        assert (await socket.event("4"))["person"] == {"name": "Sam Staff"}


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has is read from /proc")
async def test_hundreds_who_come_and_go_leave_nothing_behind(
    postgres: Postgres, database: Database, valkey: Valkey
) -> None:
    del database  # migrated is all it has to be
    before, after = await leak_run.run(postgres, valkey, 240)
    assert not leak_run.leaks(before, after)
