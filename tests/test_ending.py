"""A process that ends: its clients are sent away little by little, and lose nothing."""

import asyncio
import signal

from asking import ask, code
from effects import until_waiting
from factories import Agency
from network import network
from processes import SECONDS, Socket, closed
from watched import watched

from core.database import Database
from server.embedded import Postgres, Valkey

FEED = """subscription ($id: ID!, $after: Cursor) { orderFeed(orderId: $id, after: $after) {
  type cursor entry { ... on Message { text } }
} }"""
SLOWLY = """
from server import ending
ending._TICK_S, ending._SOCKETS_AT_ONCE, ending._LONGEST_S = 2, 1, 3600
"""


async def follow(socket: Socket, order: str) -> None:
    """Subscribe, and be ready."""
    await socket.subscribe("1", FEED, id=order)
    assert (await socket.event("1"))["type"] == "READY"


async def test_clients_are_sent_away_one_after_the_other(
    agency: Agency, postgres: Postgres, database: Database, valkey: Valkey
) -> None:
    del database  # migrated is all it has to be
    order = await agency.book()
    async with watched(postgres.url, valkey.url, first=SLOWLY) as server:
        async with (
            server.socket(agency.staff) as one,
            server.socket(agency.admin) as two,
            server.socket(agency.manager) as three,
        ):
            sockets = [one, two, three]
            for each in sockets:
                await follow(each, order)
            ends = {asyncio.create_task(closed(each.raw)): each for each in sockets}
            server.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(SECONDS):
                done, left = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            assert [each.result() for each in done] == [1012]
            await agency.do(agency.staff, "postMessage", orderId=order, text="Still here")
            for task in left:
                assert (await ends[task].event("1"))["entry"] == {"text": "Still here"}
            async with asyncio.timeout(SECONDS):
                assert [await each for each in left] == [1012, 1012]
        async with asyncio.timeout(SECONDS):
            await server.process.wait()


async def test_a_client_that_does_not_listen_delays_nothing(
    agency: Agency, postgres: Postgres, database: Database, valkey: Valkey
) -> None:
    del database
    order = await agency.book()
    async with watched(postgres.url, valkey.url) as server, server.socket(agency.staff) as deaf:
        for number in range(50):
            await deaf.subscribe(str(number), FEED, id=order)
            assert (await deaf.event(str(number)))["type"] == "READY"
        deaf.raw.transport.pause_reading()
        for number in range(4):  # for each of them: more than fits between the two
            await agency.do(agency.staff, "postMessage", orderId=order, text=f"{number}" * 9_000)
        await server.end()


async def test_a_process_ends_though_the_database_and_redis_hang(
    agency: Agency, postgres: Postgres, database: Database, valkey: Valkey
) -> None:
    del database
    async with (
        network(f"127.0.0.1:{postgres.port}") as to_postgres,
        network(f"127.0.0.1:{valkey.port}") as to_valkey,
    ):
        urls = [
            url.replace(f"127.0.0.1:{own.port}", way.address)
            for url, own, way in (
                (postgres.url, postgres, to_postgres),
                (valkey.url, valkey, to_valkey),
            )
        ]
        async with watched(*urls) as server, server.socket(agency.staff) as socket:
            await follow(socket, await agency.book())
            to_postgres.hold()
            to_valkey.hold()
            await socket.subscribe("asked", "{ orders { totalCount } }")
            await socket.send({"type": "ping"})
            assert await socket.receive() == {"type": "pong"}, "it has been asked"
            assert await server.end() == 128 + signal.SIGTERM


async def test_who_is_not_answered_in_time_is_told_to_ask_again(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    soon = "from server import commands; commands._GRACE_S = 1"
    async with watched(postgres.url, valkey.url, first=soon) as server:
        async with agency.database.transaction() as transaction:
            await transaction.fetch("LOCK TABLE orders")
            asked = asyncio.create_task(ask(server, agency.staff, "{ orders { totalCount } }"))
            await until_waiting(agency.database, 1)
            server.process.send_signal(signal.SIGTERM)
            response = await asked
        assert (response.status_code, code(response)) == (503, "UNAVAILABLE")
