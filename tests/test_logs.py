"""What a process logs, and what it never does."""

import asyncio
import io
import logging
import os
import pty
import sys
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from asyncpg import PostgresError
from breakable import breakable
from databases import Both
from factories import Agency, typed
from processes import SECONDS, SECRET, environment, http_client, token
from watched import Watched, watched

from core.database import Database
from server.embedded import Postgres, Valkey
from server.telemetry import logs
from server.telemetry.slow import explain, without_values
from subscriptions.hub import Hub

PLANTED = "planted-7c1f"
"""What a client sends, and no log has."""
POST = """mutation Say($id: ID!, $text: String!, $key: String) {
  postMessage(input: {orderId: $id, text: $text, idempotencyKey: $key}) { message { text } }
}"""
MESSAGES = """{ orders(first: 1) { edges { node { feed(first: 9) { edges { node {
  ... on Message { text }
} } } } } } }"""


@pytest.fixture(scope="module")
async def server(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process that logs all it can."""
    del database  # migrated is all it has to be
    async with watched(postgres.url, valkey.url, settings=TALKATIVE) as server:
        yield server


TALKATIVE = {"CALLSHEET_LOG_LEVEL": "debug", "CALLSHEET_SLOW_MS": "1"}


async def post(server: Watched, given: str, query: str, **variables: Any) -> httpx2.Response:
    """The answer to who has a token."""
    async with http_client() as client:
        return await client.post(
            f"http://{server.address}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {given}"},
        )


async def logged(server: Watched, **expected: Any) -> dict[str, Any]:
    """The first line with all of this, as soon as it is there."""
    async with asyncio.timeout(SECONDS):
        while True:
            for line in server.lines:
                if expected.items() <= line.items():
                    return line
            await asyncio.sleep(0)


async def test_an_operation_is_one_line(agency: Agency, server: Watched) -> None:
    order = await agency.book()
    answer = await post(server, token(agency.staff), POST, id=order, text="Hi")
    line = await logged(server, request_id=answer.headers["X-Request-ID"], message="operation")
    assert line.pop("ms") > 0
    assert line.pop("statements") >= 5
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "message": "operation",
        "request_id": answer.headers["X-Request-ID"],
        "transport": "http",
        "type": "mutation",
        "field": "postMessage",
        "operation": "Say",
        "code": "OK",
        "viewer": typed(agency.staff),
        "organization": typed(agency.organization),
    }


async def test_an_operation_of_a_websocket_tells_its_connection(
    agency: Agency, server: Watched
) -> None:
    async with server.socket(agency.staff) as socket:
        assert socket.raw.response
        connection = socket.raw.response.headers["X-Request-ID"]
        await socket.subscribe("a", "query ThisOne { nothing }")
        assert (await socket.receive())["type"] == "error"
    line = await logged(server, operation="ThisOne")
    assert line["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert line["connection_id"] == connection != line["request_id"]


def planted(agency: Agency, order: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Requests with what must not be logged: the token of each, the document, the variables."""
    staff = token(agency.staff)
    return [
        (staff, POST, {"id": order, "text": PLANTED, "key": PLANTED}),
        (staff, POST, {"id": PLANTED, "text": PLANTED}),
        (staff, POST, {"id": order, "text": [PLANTED]}),
        (staff, f'{{ order(id: "{PLANTED}") {{ id }} }}', {}),
        (staff, f'{{ node(id: "{order}") {{ id }} nodes(ids: ["{PLANTED}"]) {{ id }} }}', {}),
        (staff, f'{{ orders(filter: {{search: "{PLANTED}"}}) {{ totalCount }} }}', {}),
        (staff, f'{{ orders(after: "{PLANTED}") {{ totalCount }} }}', {}),
        (staff, f'{{ orders(first: "{PLANTED}") {{ totalCount }} }}', {}),
        (staff, f'{{ unknown(id: "{PLANTED}")', {}),
        (staff[:-4] + PLANTED, MESSAGES, {}),
    ]


async def test_secrets_and_values_are_never_logged(
    agency: Agency, server: Watched, postgres: Postgres, valkey: Valkey, hub: Hub
) -> None:
    order, staff = await agency.book(), token(agency.staff)
    async with breakable(postgres, valkey, hub, settings=TALKATIVE) as broken:
        theirs = await broken.agency.book()
        await broken.agency.do(broken.agency.staff, "postMessage", orderId=theirs, text="Hi")
        async with broken.without("messages"):
            failed = [
                await post(
                    broken.server, token(broken.agency.staff), POST, id=theirs, text=PLANTED
                ),
                await post(broken.server, token(broken.agency.staff), MESSAGES),
            ]
        for answer in failed:
            assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
        for given, query, variables in planted(agency, order):
            answer = await post(server, given, query, **variables)
            request_id = answer.headers["X-Request-ID"]
            await logged(server, request_id=request_id, message="operation")
        async with server.socket(agency.staff) as socket:
            await socket.subscribe("a", POST, id=order, text=PLANTED)
            assert (await socket.receive())["type"] == "next"
        await logged(server, transport="websocket", field="postMessage")
        await logged(server, message="plan of a slow statement")
        for each in (server, broken.server):
            assert "UndefinedTableError" in broken.server.log
            assert "slow operation" in each.log
            assert PLANTED not in each.log
            for secret in (SECRET, staff, token(broken.agency.staff).split(".")[0] + "."):
                assert secret not in each.log
            for url in (postgres.url, valkey.url):
                assert url.partition("//")[2].partition("@")[0] not in each.log


async def test_a_slow_operation_is_logged_with_its_statements_and_their_plan(
    agency: Agency, server: Watched
) -> None:
    await agency.book()
    query = 'query Slow { orders(first: 7, filter: {search: "Elm"}) { edges { node { name } } } }'
    answer = await post(server, token(agency.staff), query)
    request_id = answer.headers["X-Request-ID"]
    slow = await logged(server, request_id=request_id, message="slow operation")
    assert slow["document"] == ('query Slow{orders(first:0 filter:{search:""}){edges{node{name}}}}')
    slowest = max(slow["slowest"], key=lambda sent: sent["ms"])
    assert any("FROM orders" in sent["sql"] for sent in slow["slowest"])
    assert slowest["ms"] <= slow["ms"]
    assert (await logged(server, message="plan of a slow statement"))["plan"]


async def test_a_statement_is_explained_without_values(database: Database) -> None:
    plan = await explain(database, "SELECT id FROM orders WHERE organization_id = $1::uuid")
    assert any("organization_id = $1" in line for line in plan)
    with pytest.raises(asyncpg.UndefinedTableError):
        await explain(database, "SELECT nothing FROM nowhere WHERE id = $1")
    assert await explain(database, "DELETE FROM mentions WHERE organization_id = $1 AND id = $2")


def test_a_document_is_shown_without_values() -> None:
    given = 'query Q($v: Int = 5) { f(a: "x", b: 1.5, c: [1], d: {e: "y"}, g: $v, h: ENUM) }'
    shown = 'query Q($v:Int=0){f(a:"" b:0 c:[0]d:{e:""}g:$v h:ENUM)}'
    assert without_values(given) == shown
    assert without_values(f"{{ a ...F {'b ' * 5_000} }}") == "{a ...F" + " b" * 1_996 + " "


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged, in JSON."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("info", stream)
    yield stream
    root.handlers, root.level = before[0], before[1]
    logging.captureWarnings(capture=False)


async def failure(database: Both, sql: str, *values: Any) -> BaseException:
    """What a statement of an action fails with."""
    with pytest.raises(PostgresError) as caught:
        async with database.owner.transaction() as transaction:
            await transaction.fetch(sql, *values)
    return caught.value


async def test_exceptions_tell_what_failed_but_no_values(database: Both) -> None:
    unique = await failure(database, "INSERT INTO alembic_version SELECT * FROM alembic_version")
    assert "UniqueViolationError (23505): duplicate key" in logs.told(unique)
    assert "(version_num)=(" in "".join(traceback.format_exception(unique))
    assert "(version_num)=(" not in logs.told(unique)
    wrong = await failure(database, "SELECT ($1::text)::uuid", PLANTED)
    assert PLANTED in str(wrong)
    assert "(22P02)" in logs.told(wrong)
    assert PLANTED not in logs.told(wrong)


def wrong() -> None:
    """Fails with a cause."""
    try:
        int(PLANTED)
    except ValueError as error:
        raise TypeError("of the code") from error


def raised() -> Exception:
    """An exception with others in it."""
    with pytest.raises(TypeError) as caught:
        wrong()
    return ExceptionGroup("several", [caught.value, KeyError(PLANTED)])


def test_exceptions_tell_their_causes() -> None:
    told = logs.told(raised())
    assert PLANTED not in told
    for part in ("TypeError: of the code", "ValueError", "KeyError", 'raise TypeError("of'):
        assert part in told
    assert told.index("ValueError") < told.index("TypeError: of")


def test_all_loggers_write_in_one_form(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").error("a line of %s", "theirs")
    logging.getLogger("callsheet").error("a fault", exc_info=raised())
    logging.getLogger("sqlalchemy").info("not wanted")
    first, second = written.getvalue().splitlines()
    assert '"message":"a line of theirs"' in first
    assert '"exception":"Traceback' in second
    assert PLANTED not in second


async def test_in_a_terminal_lines_are_for_people(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "server", "serve", "--port", "0"),
        env=environment(postgres.url, valkey.url) | {"CALLSHEET_LOG_LEVEL": "info"},
        stdout=asyncio.subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    assert process.stdout
    async with asyncio.timeout(SECONDS):
        while not (line := (await process.stdout.readline()).decode()).startswith("API"):
            assert line
        address = line.split("//")[1].split("/")[0]
        seen = Watched(address, process, Path())
        await seen.ask(agency.staff, "query ForPeople { viewer { person { name } } }")
        process.terminate()
        await process.communicate()
    with open(ours, "rb", buffering=0) as terminal:  # noqa: ASYNC230, PTH123 - a terminal, all of it is there
        told = terminal.read(65536).decode()
    assert "ForPeople" in told
    assert not told.startswith("{")
