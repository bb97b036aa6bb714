"""Postgres that crashes, or comes back as an older copy; and all faults together, in short.

Here Postgres is one of these tests' own, whose commits outlive it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from databases import Both
from factories import Agency
from fault_run import SAFE, run, world
from fault_servers import Fragile
from processes import Socket
from running import run as execute
from streaming import FEED
from watched import Watched, watched

from server.embedded import Valkey
from subscriptions.bus import Bus
from subscriptions.hub import Hub

KEYED = """mutation ($id: ID!, $text: String!) {
  postMessage(input: {orderId: $id, text: $text, idempotencyKey: $text}) { cursor }
}"""


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fragile]:
    """Postgres that crashes when it is stopped."""
    with Fragile(tmp_path_factory.mktemp("fragile"), settings=SAFE) as postgres:
        yield postgres


@pytest.fixture(scope="module")
async def agency(fragile: Fragile, valkey: Valkey) -> AsyncIterator[Agency]:
    """An agency in its database."""
    database = Both(fragile)
    hub = Hub(database, Bus(valkey.url))
    await database.migrate()
    await hub.start()
    yield await Agency.make(database, hub)
    await hub.stop()
    await database.close()


@pytest.fixture(scope="module")
async def server(fragile: Fragile, agency: Agency, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process over its database."""
    del agency  # it has migrated
    async with watched(fragile.url, valkey.url) as server:
        yield server


async def post(server: Watched, agency: Agency, order: str, text: str) -> str:
    """Write a message, and again until it is answered; the place in the log after it."""
    while True:
        answer = await server.answer(agency.staff, KEYED, id=order, text=text)
        if "errors" not in answer:
            cursor: str = answer["data"]["postMessage"]["cursor"]
            return cursor


async def texts(socket: Socket, count: int) -> list[str]:
    """The messages that are told next."""
    return [(await socket.event("1"))["entry"]["text"] for _ in range(count)]


async def test_streams_outlive_a_crash_of_postgres(
    fragile: Fragile, agency: Agency, server: Watched
) -> None:
    order = await agency.book()
    async with server.socket(agency.admin) as socket:
        await socket.subscribe("1", FEED, id=order)
        assert (await socket.event("1"))["type"] == "READY"
        for number in range(2):
            await post(server, agency, order, f"before {number}")
            writing = asyncio.gather(
                *(post(server, agency, order, f"{number}.{each}") for each in range(8))
            )
            fragile.stop()  # while some are being written
            fragile.start()
            await writing
            found = await texts(socket, 9)
            assert found[0] == f"before {number}"
            assert sorted(found[1:]) == [f"{number}.{each}" for each in range(8)]


async def test_who_was_told_what_a_failover_lost_is_told_so(
    fragile: Fragile, agency: Agency, server: Watched, tmp_path: Path
) -> None:
    order = await agency.book()
    kept = await post(server, agency, order, "kept")
    fragile.stop()
    await execute(tmp_path, "cp", "-a", fragile.data, "standby")
    fragile.start()
    async with server.socket(agency.admin) as socket:
        await socket.subscribe("1", FEED, id=order, after=kept)
        assert (await socket.event("1"))["type"] == "READY"
        lost = await post(server, agency, order, "lost")
        assert await texts(socket, 1) == ["lost"]
        fragile.stop()
        await execute(tmp_path, "rm", "-r", fragile.data)
        await execute(tmp_path, "cp", "-a", "standby", fragile.data)
        fragile.start()
        for text in ("in its place", "and more"):  # the number is used again
            await post(server, agency, order, text)
        message = await socket.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "UNAVAILABLE"
        await socket.subscribe("1", FEED, id=order, after=lost)
        assert [(await socket.event("1"))["type"] for _ in range(2)] == ["RESYNC", "READY"]
        await socket.send({"id": "1", "type": "complete"})
        await socket.subscribe("2", FEED, id=order, after=kept)
        told = [await socket.event("2") for _ in range(3)]
        assert [each["entry"] and each["entry"]["text"] for each in told] == [
            *("in its place", "and more"),
            None,
        ]


@pytest.mark.timeout(300)  # it starts three servers
async def test_whatever_happens_to_real_processes_all_are_told_the_log(
    fragile: Fragile, valkey: Valkey
) -> None:
    faults = [
        ["somebody loses an order", "a server is killed", "Redis is away"],
        ["Redis cuts off who does not read", "Postgres crashes", "clients lose their network"],
    ]
    async with world(fragile, valkey, seed=4, pace_s=0, lifetime_s=30) as everything:
        happened = await run(everything, faults, writes=16, patience_s=1)
    assert sum(happened.values()) == 6
    assert everything.ends["cut"]
