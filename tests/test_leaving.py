"""Whoever leaves before the answer is not worked for any more."""

import asyncio
import signal

import orjson
import pytest
from breakable import breakable
from factories import Agency
from processes import SECONDS, token
from sqlalchemy import text
from storage import session_of
from watched import Watched, watched

from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub

WAITING = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%orders%'"""


async def _asks(agency: Agency, port: int, query: str, accept: str = "*/*") -> asyncio.StreamWriter:
    """A connection on which a query was asked."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    body = orjson.dumps({"query": query})
    head = (
        "POST /graphql HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Accept: {accept}",
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


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_a_mutation_is_carried_out_whoever_leaves(
    agency: Agency, server: Watched, accept: str
) -> None:
    order = await agency.book()
    async with session_of(agency.database) as session:
        await session.execute(text("LOCK TABLE orders"))
        noted = (
            f'mutation {{ updateOrderNotes(input: {{id: "{order}", notes: "x"}}) {{ cursor }} }}'
        )
        leaving = await _asks(agency, server.port, noted, accept)
        await _until_waiting(agency, 1)
        leaving.close()
        await leaving.wait_closed()
        # Another request on the server's loop: it has heard by now that the client has left.
        assert (await server.ask(agency.staff, "{ viewer { scopes } }"))["viewer"]
    query = "query ($id: ID!) { order(id: $id) { notes } }"
    async with asyncio.timeout(SECONDS):
        while (await agency.ask(agency.staff, query, id=order))["order"] != {"notes": "x"}:
            pass


async def test_what_a_process_that_hangs_has_asked_ends_in_postgres(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    soon = "from server import app; app._STATEMENT_S = 3"
    async with (
        watched(postgres.url, valkey.url, first=soon) as server,
        session_of(agency.database) as session,
    ):
        await session.execute(text("LOCK TABLE orders"))
        staying = await _asks(agency, server.port, "{ orders { totalCount } }")
        await _until_waiting(agency, 1)
        server.process.send_signal(signal.SIGSTOP)
        try:
            await _until_waiting(agency, 0)
        finally:
            server.process.send_signal(signal.SIGCONT)
        staying.close()
        await staying.wait_closed()
