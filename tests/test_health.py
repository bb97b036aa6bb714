"""What those who run a process ask it: `/health`, `/ready`, and request ids."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from databases import Both
from factories import Agency
from processes import SECONDS, http_client, token
from sqlalchemy import text
from storage import session_of
from watched import Watched, watched

from server.embedded import Postgres, Valkey
from server.migrate import Revision, revision_of

NAME = {"query": "{ viewer { person { name } } }"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def got(server: Watched, path: str, **headers: str) -> httpx2.Response:
    """The answer to a GET request."""
    async with http_client() as client:
        return await client.get(f"http://{server.address}{path}", headers=headers)


async def until_ready(server: Watched, **expected: Any) -> dict[str, Any]:
    """What `/ready` tells as soon as it is this."""
    async with asyncio.timeout(SECONDS):
        while True:
            told: dict[str, Any] = (await got(server, "/ready")).json()
            if expected.items() <= told.items():
                return told


@asynccontextmanager
async def another_database(postgres: Postgres) -> AsyncIterator[tuple[str, Both]]:
    """The address of a database in which nothing is yet, and the database."""
    database = await Both.another(postgres)
    yield database.url, database
    await database.close()


async def test_a_process_is_ready_when_it_reaches_its_database(server: Watched) -> None:
    """What it tells when it does not stands in `tests/test_database.py`."""
    assert (await got(server, "/health")).text == "ok"
    assert (await got(server, "/ready")).status_code == 200
    assert await until_ready(server, redis="connected") == {
        "ready": True,
        "leaving": False,
        "database": "current",
        "redis": "connected",
    }


async def test_a_process_that_is_asked_to_end_is_ready_no_more_and_serves_on(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    async with watched(
        postgres.url, valkey.url, settings={"CALLSHEET_DRAIN_SECONDS": "60"}
    ) as server:
        await until_ready(server, ready=True)
        server.process.send_signal(signal.SIGTERM)
        await until_ready(server, ready=False, leaving=True)
        assert (await got(server, "/ready")).status_code == 503
        assert await server.ask(agency.staff, NAME["query"])
        assert await server.end(signal.SIGINT) != 0  # who is in a hurry


async def test_a_database_that_is_newer_is_served_and_left_as_it_is(
    postgres: Postgres, valkey: Valkey
) -> None:
    async with another_database(postgres) as (url, database):
        assert await revision_of(database) is Revision.OLDER
        await database.migrate()
        assert await revision_of(database) is Revision.CURRENT
        async with session_of(database) as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert await revision_of(database) is Revision.NEWER
        async with watched(url, valkey.url) as server:
            assert (await got(server, "/ready")).json()["database"] == "newer"
            assert (await got(server, "/ready")).status_code == 200
            assert "newer than this code: revision 9999" in server.log
        assert await revision_of(database) is Revision.NEWER


async def test_a_database_of_something_else_is_refused(postgres: Postgres) -> None:
    async with another_database(postgres) as (_, database):
        await database.migrate()
        async with session_of(database) as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        with pytest.raises(ValueError, match="0000, which is not one of ours"):
            await database.migrate()


@pytest.mark.parametrize("path", ["/health", "/ready", "/graphql", "/nothing"])
async def test_a_request_id_is_taken_over(server: Watched, path: str) -> None:
    answer = await got(server, path, **{"X-Request-ID": "of.the:Client_1-2"})
    assert answer.headers["X-Request-ID"] == "of.the:Client_1-2"


@pytest.mark.parametrize("sent", ["", "a b", "a" * 65, "a\tb", '"quoted"', "<script>"])
async def test_a_request_id_that_could_do_harm_is_replaced(server: Watched, sent: str) -> None:
    for given in ({"X-Request-ID": sent}, {}):
        (made,) = (await got(server, "/health", **given)).headers.get_list("X-Request-ID")
        assert UUID.fullmatch(made)


async def test_a_websocket_is_told_its_id(server: Watched) -> None:
    async with server.raw_socket() as raw:
        assert raw.response
        assert UUID.fullmatch(raw.response.headers["X-Request-ID"])


async def test_answers_of_graphql_have_the_id_once(agency: Agency, server: Watched) -> None:
    headers = {"Authorization": f"Bearer {token(agency.staff)}", "X-Request-ID": "mine"}
    async with http_client() as client:
        url = f"http://{server.address}/graphql"
        for answer in (
            await client.post(url, json=NAME, headers=headers),
            await client.put(url, json=NAME, headers=headers),
        ):
            assert answer.headers.get_list("X-Request-ID") == ["mine"]
