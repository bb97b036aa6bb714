"""A pooler in transaction mode: what is left on a connection is not there for the next one."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from factories import Agency
from processes import SECONDS
from sqlalchemy import make_url
from watched import watched

from core.database import Database
from models import new_id
from server.embedded import Postgres, Valkey, privileges
from server.embedded.process import free_port

PREPARED = "SELECT count(*) AS count FROM pg_prepared_statements WHERE name <> ''"
FEED = "subscription ($id: ID!) { orderFeed(orderId: $id) { type cursor } }"
POST = """mutation ($id: ID!, $text: String!) {
  postMessage(input: {orderId: $id, text: $text}) { cursor message { text } }
}"""
BOARD = "{ orders(first: 3) { edges { node { number progress { done } customer { name } } } } }"
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@pytest.mark.parametrize("pooled", [True, False])
async def test_nothing_is_prepared_for_later(postgres: Postgres, *, pooled: bool) -> None:
    database = Database(postgres.url, pool_size=1, pooled=pooled)
    await database.fetch("SELECT $1::int AS first", 1)
    (read,) = await database.fetch(PREPARED)
    moment = await database.moment(new_id())
    await moment.fetch("SELECT $1::int AS second", 1)
    (of_moment,) = await moment.fetch(PREPARED)
    await moment.end()
    async with database.transaction() as transaction:
        await transaction.fetch("SELECT $1::int AS third", 1)
        (acted,) = await transaction.fetch(PREPARED)
    await database.close()
    assert [each["count"] > 0 for each in (read, of_moment, acted)] == [not pooled] * 3


CONFIGURATION = """[databases]
callsheet = host={host} port={port} dbname={database}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 3
max_client_conn = 500
user = nobody
"""


@asynccontextmanager
async def pgbouncer(postgres: Postgres) -> AsyncIterator[str]:
    """The address of PgBouncer in front of a server: with three connections for all clients."""
    with TemporaryDirectory() as made:
        async with running(postgres, Path(made)) as url:
            yield url


@asynccontextmanager
async def running(postgres: Postgres, folder: Path) -> AsyncIterator[str]:
    """The same, with its files in a folder."""
    url, listen = make_url(postgres.url), free_port()
    (folder / "users").write_text(f'"{url.username}" "{url.password}"\n')
    (folder / "ini").write_text(
        CONFIGURATION.format(
            host=url.host, port=url.port, database=url.database, listen=listen, folder=folder
        )
    )
    for path in (folder, folder / "users", folder / "ini"):
        privileges.give(path)  # it does not run as root
    process = await asyncio.create_subprocess_exec(
        *(str(PGBOUNCER), "--quiet", str(folder / "ini")),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            while not answers(listen):
                assert process.returncode is None
                await asyncio.sleep(0)
        pooled = url.set(port=listen, database="callsheet")
        yield pooled.render_as_string(hide_password=False)
    finally:
        process.terminate()
        await process.communicate()


def answers(port: int) -> bool:
    """True if something listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed on this machine")
async def test_all_goes_through_pgbouncer(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    settings = {"CALLSHEET_POOLER": "true", "CALLSHEET_SLOW_MS": "1"}
    order = await agency.book()
    async with (
        pgbouncer(postgres) as url,
        watched(url, valkey.url, settings=settings) as server,
        server.socket(agency.staff) as socket,
    ):
        await socket.subscribe("feed", FEED, id=order)
        assert (await socket.event("feed"))["type"] == "READY"

        async def work(number: int) -> None:
            for turn in range(5):
                await server.ask(agency.staff, POST, id=order, text=f"{number}.{turn}")
                board = await server.ask(agency.manager, BOARD)
                assert len(board["orders"]["edges"]) == 1

        async with asyncio.timeout(3 * SECONDS):
            await asyncio.gather(*(work(number) for number in range(12)))
        assert [(await socket.event("feed"))["type"] for _ in range(60)] == ["CHANGE"] * 60
        async with asyncio.timeout(SECONDS):
            while "plan of a slow statement" not in server.log:
                await server.ask(agency.staff, BOARD)
        assert "no plan" not in server.log
        assert "failed" not in server.log
