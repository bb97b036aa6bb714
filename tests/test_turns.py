"""New documents of one client are read one after the other, and others do not wait for them."""

import asyncio
import signal
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from asking import ask, code, send
from calling import NAME
from factories import Agency
from processes import SECONDS, Process, Socket, closed
from watched import Watched, watched

from core.database import Database
from server import turns
from server.embedded import Postgres, Valkey

LONG = "{ " + " ".join(f"a{number}" for number in range(1_900)) + " }"
"""What takes long to be refused."""
FOLLOW = "subscription { activity { type } }"
FOREVER = """
from server import turns, websocket
turns.WAIT, turns.LONGEST_S, turns.KNOWN_S, turns.WAITING = 1e9, 3600, 0.02, 3
turns.FREE_S, turns.FULL_S, turns.REFUSED_S = 0, 0, 1
turns.FOLLOWED_S, turns.SOCKET_S = 1, 1
websocket._UNHEARD_S = 0.1
"""


@pytest.fixture
async def strict(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server at which the next turn after a long document comes in an hour."""
    del database  # migrated is all it has to be
    settings = {"CALLSHEET_LOG_LEVEL": "info"}
    async with watched(postgres.url, valkey.url, first=FOREVER, settings=settings) as server:
        yield server
        await server.end(signal.SIGKILL)


async def still_waits(task: asyncio.Task[object], server: Process, agency: Agency) -> bool:
    """Whether it does, after somebody else was answered."""
    assert (await server.ask(agency.admin, NAME))["viewer"]
    return not task.done()


async def test_who_sends_long_documents_waits_and_nobody_else(
    agency: Agency, strict: Watched
) -> None:
    assert "data" not in (await ask(strict, agency.staff, LONG)).json()
    first = asyncio.create_task(ask(strict, agency.staff, NAME))
    assert await still_waits(first, strict, agency)
    async with strict.socket(agency.staff) as socket:
        await socket.subscribe("1", NAME)
        unanswered = asyncio.create_task(socket.receive())
        assert await still_waits(unanswered, strict, agency)
    tasks = [asyncio.create_task(ask(strict, agency.staff, NAME)) for _ in range(3)]
    async with asyncio.timeout(SECONDS):
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert {code(each.result()) for each in done} == {"RATE_LIMITED"}
    for task in (first, unanswered, *tasks):
        task.cancel()


async def test_documents_without_a_token_are_read_in_turn_too(
    agency: Agency, strict: Watched
) -> None:
    body = {"query": LONG[:12_000] + " }"}
    assert code(await send(strict, None, json=body)) == "UNAUTHENTICATED"
    second = asyncio.create_task(send(strict, None, json=body))
    assert await still_waits(second, strict, agency)
    second.cancel()


REFUSALS: tuple[dict[str, Any], ...] = (
    {"headers": {"Authorization": "Bearer nobody's"}, "json": {"query": NAME}},
    {"content": b"no JSON"},
    {"content": b"#" * 2_000_000},
    {"headers": {"Accept": "image/png"}, "json": {"query": NAME}},
    {"json": {"documentId": "sha256:" + "0" * 64}},
)


@pytest.mark.parametrize("refused", REFUSALS, ids=["token", "form", "size", "type", "hash"])
async def test_who_is_refused_waits_before_the_next_refusal(
    agency: Agency, strict: Watched, refused: dict[str, Any]
) -> None:
    assert (await send(strict, agency.staff, **refused)).status_code >= 400
    second = asyncio.create_task(send(strict, agency.staff, **refused))
    assert await still_waits(second, strict, agency)
    second.cancel()


async def test_who_says_a_wrong_password_waits_before_the_next(
    agency: Agency, strict: Watched
) -> None:
    given = 'signIn(input: {email: "staff@example.com", password: "guess"})'
    guess: dict[str, Any] = {
        "json": {"query": f"mutation {{ {given} {{ tokens {{ accessToken }} }} }}"}
    }
    assert "errors" in (await send(strict, None, **guess)).json()
    second = asyncio.create_task(send(strict, None, **guess))
    assert await still_waits(second, strict, agency)
    second.cancel()


async def test_who_is_refused_by_websocket_waits_likewise(agency: Agency, strict: Watched) -> None:
    async with strict.socket(agency.staff) as socket:
        await socket.send({"id": "1", "type": "subscribe", "payload": {"query": 1}})
        assert (await socket.receive())["type"] == "error"
        await socket.send({"id": "2", "type": "subscribe", "payload": {"query": 1}})
        second = asyncio.create_task(socket.receive())
        assert await still_waits(second, strict, agency)
        second.cancel()


async def test_who_can_not_say_who_it_is_by_websocket_waits_before_the_next(
    agency: Agency, strict: Watched
) -> None:
    async def knock() -> int | None:
        async with strict.raw_socket() as raw:
            await Socket(raw).send({"type": "connection_init", "payload": {"authorization": "?"}})
            return await closed(raw)

    assert await knock() == 4403
    second = asyncio.create_task(knock())
    assert await still_waits(second, strict, agency)
    second.cancel()


async def test_subscriptions_are_begun_in_turn_too(agency: Agency, strict: Watched) -> None:
    async with strict.socket(agency.staff) as socket:
        await socket.subscribe("1", FOLLOW)
        assert (await socket.event("1"))["type"] == "READY"
        await socket.subscribe("2", FOLLOW)
        second = asyncio.create_task(socket.receive())
        assert await still_waits(second, strict, agency)
        second.cancel()


async def test_sockets_are_let_in_in_turn(agency: Agency, strict: Watched) -> None:
    async def let_in() -> None:
        async with strict.socket(agency.staff):
            pass

    await let_in()
    second = asyncio.create_task(let_in())
    assert await still_waits(second, strict, agency)
    second.cancel()


async def test_who_leaves_while_waiting_for_a_turn_is_missed(
    agency: Agency, strict: Watched
) -> None:
    async with strict.socket(agency.staff) as socket:
        await socket.subscribe("1", FOLLOW)
        assert (await socket.event("1"))["type"] == "READY"
        await socket.subscribe("2", FOLLOW)
        assert orjson.loads(await socket.raw.recv())["type"] == "ping"
        socket.raw.transport.abort()
    async with asyncio.timeout(SECONDS):
        while True:
            if [line.get("code") for line in strict.lines].count("CANCELLED") == 2:
                break
            await asyncio.sleep(0)


async def test_the_next_turn_comes_soon(agency: Agency, server: Watched) -> None:
    asked = [ask(server, agency.staff, each) for each in (LONG, NAME, LONG, NAME)]
    answers = [each.json() for each in await asyncio.gather(*asked)]
    assert [("data" in each) for each in answers] == [False, True, False, True]


@pytest.mark.parametrize(
    ("free", "soon", "waits"), [(3600, 0, False), (3600, 1e9, True), (0, 0, True)]
)
async def test_a_few_new_documents_are_free_but_others_come_in_between(
    monkeypatch: pytest.MonkeyPatch, free: float, soon: float, *, waits: bool
) -> None:
    constants = {"FREE_S": free, "KNOWN_S": 0, "SOON": soon, "WAIT": 1e9, "LONGEST_S": 3600}
    for name, value in constants.items():
        monkeypatch.setattr(turns, name, value)
    lines = turns.Turns()
    ready, reached = asyncio.Event(), asyncio.Event()

    async def second() -> None:
        ready.set()
        async with lines.one("a client"):
            reached.set()

    async with lines.one("a client"):
        pass
    task = asyncio.create_task(second())
    await ready.wait()
    async with lines.one("another client"):
        assert reached.is_set() is not waits
    task.cancel()
