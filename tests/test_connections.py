"""WebSocket connections from their begin to their end, however it comes."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from breakable import Breakable, breakable
from factories import Agency, typed
from processes import SECONDS, Socket, token
from redis.asyncio import Redis
from watched import Watched, quiet, watched

from core.database import Database
from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub

FEED = """subscription ($id: ID!) { orderFeed(orderId: $id) {
  type entry { ... on Message { text } }
} }"""
NAME = "{ viewer { person { name } } }"
POST = "mutation ($id: ID!) { postMessage(input: {orderId: $id, text: \"x\"}) { cursor } }"
TASKS = """
import asyncio, signal
def tell(*_): print(len(asyncio.all_tasks()), flush=True)
signal.signal(signal.SIGUSR1, tell)
"""


@pytest.fixture(scope="module")
async def server(
    postgres: Postgres, database: Database, valkey: Valkey
) -> AsyncIterator[Watched]:
    """A server process that tells on SIGUSR1 how many tasks it has."""
    del database  # migrated is all it has to be
    async with quiet(postgres.url, valkey.url, first=TASKS) as server:
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


async def tasks(server: Watched) -> int:
    """How many tasks a server has."""
    server.process.send_signal(signal.SIGUSR1)
    assert server.process.stdout
    while not (line := (await server.process.stdout.readline()).strip()).isdigit():
        assert line is not None
    return int(line)


async def settled(server: Watched, redis: Redis, agency: Agency, before: int) -> None:
    """Waits until a server has no more tasks than before, and follows an agency no more."""
    channel = f"log:{agency.organization.id}"
    async with asyncio.timeout(SECONDS):
        while await redis.pubsub_numsub(channel) != [(channel.encode(), 0)]:
            pass
        while await tasks(server) > before:
            pass


async def follow(socket: Socket, order_id: str, *ids: str) -> None:
    """Subscribes under each of some ids, and waits until all are ready."""
    for id in ids:
        await socket.subscribe(id, FEED, id=order_id)
    for _ in ids:
        assert (await socket.receive())["type"] == "next"
