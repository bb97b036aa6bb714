"""Whoever leaves before the answer is not worked for any more."""

import asyncio

import orjson
from breakable import breakable
from factories import Agency
from processes import SECONDS, token
from sqlalchemy import text
from storage import session_of

from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub

WAITING = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%orders%'"""


async def _asks(agency: Agency, port: int, query: str) -> asyncio.StreamWriter:
    """A connection on which a query was asked."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    body = orjson.dumps({"query": query})
    head = (
        "POST /graphql HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Authorization: Bearer {token(agency.staff)}",
        f"Content-Length: {len(body)}",
    )
    writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
    await writer.drain()
    return writer


async def _until_waiting(agency: Agency, count: int) -> None:
    """Until so many statements wait for a lock."""
    async with asyncio.timeout(SECONDS):
        while True:
            (row,) = await agency.database.fetch(WAITING)
            if row["count"] == count:
                return


async def test_a_query_ends_when_its_client_leaves(
    postgres: Postgres, valkey: Valkey, hub: Hub
) -> None:
    async with breakable(postgres, valkey, hub) as there:
        agency, port = there.agency, there.server.port
        async with session_of(agency.database) as session:
            await session.execute(text("LOCK TABLE orders"))
            asked = "{ orders { edges { node { name } } } viewer { person { name } } }"
            leaving = await _asks(agency, port, asked)
            staying = await _asks(agency, port, asked)
            await _until_waiting(agency, 2)
            for client, waiting in ((leaving, 1), (staying, 0)):
                client.close()
                await client.wait_closed()
                await _until_waiting(agency, waiting)
        answer = await there.server.ask(agency.staff, asked)
        assert answer["viewer"]
