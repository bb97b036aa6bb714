"""What browsers are told: whose pages may ask, what answers are good for; and the console."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from asking import CLASSIC, ask, code, send
from factories import Agency
from processes import token
from pydantic import ValidationError
from watched import Watched, quiet
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from core.database import Database
from models import Person
from server.embedded import Postgres, Valkey
from server.settings import Settings

APP = "https://app.example"
FOREIGN = ("https://evil.example", "https://app.example.evil.example", "http://app.example", "null")
LISTED = f"""
import os
os.environ["CALLSHEET_ORIGINS"] = "{APP}, http://localhost:3000"
os.environ["CALLSHEET_CONSOLE"] = "false"
"""
NAMES = "query { __schema { types { name description } } }"


@pytest.fixture(scope="module")
async def listed(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process that lets the pages of two origins use the API, and has no console."""
    del database
    async with quiet(postgres.url, valkey.url, first=LISTED) as listed:
        yield listed


async def preflight(server: Watched, origin: str) -> httpx2.Response:
    """What a browser is told before a page of that origin asks the API."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return await send(server, None, "OPTIONS", headers=headers)


async def test_a_listed_page_may_use_the_api(agency: Agency, listed: Watched) -> None:
    for origin in (APP, "http://localhost:3000"):
        allowed = await preflight(listed, origin)
        assert allowed.status_code == 200
        assert allowed.headers["Access-Control-Allow-Origin"] == origin
        assert allowed.headers["Access-Control-Allow-Methods"] == "GET, POST"
        assert allowed.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
        response = await ask(listed, agency.staff, "{ __typename }", {"Origin": origin})
        assert response.headers["Access-Control-Allow-Origin"] == origin
        assert "X-Request-Id" in response.headers["Access-Control-Expose-Headers"]
        assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_other_page_may(agency: Agency, listed: Watched, origin: str) -> None:
    refused = await preflight(listed, origin)
    answered = await ask(listed, agency.staff, "{ __typename }", {"Origin": origin})
    assert refused.status_code == 400
    for response in (refused, answered):
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_credentials_are_allowed_to_nobody(agency: Agency, listed: Watched) -> None:
    answered = await ask(listed, agency.staff, "{ __typename }", {"Origin": APP, "Cookie": "a=b"})
    for response in (await preflight(listed, APP), answered):
        assert "Access-Control-Allow-Credentials" not in response.headers


async def test_a_failure_may_be_read_as_well(listed: Watched) -> None:
    refused = await send(listed, None, content=b"{}", headers={"Origin": APP})
    assert code(refused) == "UNAUTHENTICATED"
    assert refused.headers["Access-Control-Allow-Origin"] == APP


async def test_without_a_list_no_page_but_ours_may(agency: Agency, server: Watched) -> None:
    refused = await preflight(server, APP)
    answered = await ask(server, agency.staff, "{ __typename }", {"Origin": APP})
    assert refused.status_code == 405
    for response in (refused, answered):
        assert not any(name.startswith("access-control") for name in response.headers)


async def socket_from(server: Watched, person: Person, origin: str | None) -> str | None:
    """Which protocol a page of that origin is spoken to by WebSocket."""
    protocols: list[Any] = ["graphql-transport-ws"]
    given: Any = origin
    header = {"Authorization": f"Bearer {token(person)}"}
    url = f"ws://{server.address}/graphql"
    async with connect(
        url, subprotocols=protocols, origin=given, additional_headers=header
    ) as socket:
        return socket.subprotocol


async def test_a_foreign_page_gets_no_websocket(agency: Agency, listed: Watched) -> None:
    for foreign in FOREIGN:
        with pytest.raises(InvalidStatus) as refused:
            await socket_from(listed, agency.staff, foreign)
        assert refused.value.response.status_code == 403
    ours = f"http://{listed.address}", f"https://{listed.address}"
    for origin in (None, APP, *ours):
        assert await socket_from(listed, agency.staff, origin) == "graphql-transport-ws"


async def test_without_a_list_the_origin_of_a_websocket_does_not_matter(
    agency: Agency, server: Watched
) -> None:
    assert await socket_from(server, agency.staff, APP) == "graphql-transport-ws"


@pytest.mark.parametrize(
    "junk", ["*", "app.example", "https://app.example/", "HTTPS://APP.EXAMPLE", "a, b", "", "null"]
)
def test_what_is_no_origin_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, junk: str
) -> None:
    monkeypatch.setenv("CALLSHEET_ORIGINS", junk)
    with pytest.raises(ValidationError, match="origins"):
        Settings()


async def test_every_answer_says_how_it_may_be_used(agency: Agency, server: Watched) -> None:
    async with httpx2.AsyncClient() as client:
        for path in ("/graphql", "/console/", "/health", "/nothing"):
            response = await client.get(f"http://{server.address}{path}")
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            assert "Server" not in response.headers
    answered = await ask(server, agency.staff, "{ __typename }")
    assert answered.headers["Cache-Control"] == "no-store"


async def test_the_console_asks_nobody_else(server: Watched) -> None:
    async with httpx2.AsyncClient() as client:
        page = await client.get(f"http://{server.address}/console/")
        assert page.status_code == 200
        assert "//" not in page.text.partition("<body>")[0].partition("<head>")[2]


async def test_the_console_can_be_left_out(listed: Watched) -> None:
    async with httpx2.AsyncClient() as client:
        for path in ("/", "/console/", "/console/index.html"):
            assert (await client.get(f"http://{listed.address}{path}")).status_code == 404


@pytest.mark.parametrize("accept", ["gzip", "br, gzip;q=0.5", None, "br"])
async def test_a_long_answer_is_compressed_for_those_who_can_read_it(
    agency: Agency, server: Watched, accept: str | None
) -> None:
    headers = {"Accept-Encoding": accept, "Accept": CLASSIC}
    long = await ask(server, agency.staff, NAMES, headers)
    assert long.headers.get("Content-Encoding") == ("gzip" if accept and "gzip" in accept else None)
    assert "Accept-Encoding" in long.headers["Vary"]
    assert len(long.json()["data"]["__schema"]["types"]) > 50
    if "Content-Encoding" in long.headers:
        assert int(long.headers["Content-Length"]) < len(long.content) / 3
    short = await ask(server, agency.staff, "{ __typename }", headers)
    assert "Content-Encoding" not in short.headers
