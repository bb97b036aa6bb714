"""The graphql-transport-ws protocol, as a real process speaks it.

https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from factories import Agency
from processes import SECONDS, Socket, closed, token
from sockets import FEED, NAME, POST, init, silent
from watched import Watched, quiet
from websockets.asyncio.client import connect

from core.database import Database
from server.embedded import Postgres, Valkey

HASTY = """
from server import websocket
websocket._INIT_S, websocket._SILENCE_S, websocket._ANSWER_S = 0.2, 0.2, 2
"""


@pytest.fixture(scope="module")
async def hasty(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process that has little patience."""
    del database
    async with quiet(postgres.url, valkey.url, first=HASTY) as server:
        yield server


@pytest.mark.parametrize("offered", [None, ["graphql-ws"], ["graphql-sse", "mqtt"]])
async def test_another_protocol_is_not_spoken(server: Watched, offered: Any) -> None:
    async with connect(f"ws://{server.address}/graphql", subprotocols=offered) as raw:
        assert await closed(raw) == 4406
        assert raw.subprotocol is None


async def test_ours_is_found_among_others(server: Watched) -> None:
    offered: list[Any] = ["graphql-ws", "graphql-transport-ws"]
    async with connect(f"ws://{server.address}/graphql", subprotocols=offered) as raw:
        assert raw.subprotocol == "graphql-transport-ws"


async def test_a_client_must_say_who_it_is_in_time(hasty: Watched) -> None:
    async with silent(hasty) as socket:
        assert await closed(socket.raw) == 4408


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"Authorization": "Bearer junk"}, {"Authorization": ["Bearer"]}],
)
async def test_nobody_is_not_let_in(server: Watched, payload: object) -> None:
    async with silent(server) as socket:
        await socket.send({"type": "connection_init", "payload": payload})
        assert await closed(socket.raw) == 4403


async def test_the_token_may_come_with_the_handshake(agency: Agency, server: Watched) -> None:
    url, header = (
        f"ws://{server.address}/graphql",
        {"Authorization": f"Bearer {token(agency.staff)}"},
    )
    protocols: list[Any] = ["graphql-transport-ws"]
    async with connect(url, subprotocols=protocols, additional_headers=header) as raw:
        socket = Socket(raw)
        await socket.send({"type": "connection_init"})
        assert await socket.receive() == {"type": "connection_ack"}


async def test_who_one_is_is_said_once(agency: Agency, server: Watched) -> None:
    async with silent(server) as socket:
        await socket.send(init(agency.admin))
        await socket.send(init(agency.admin))
        assert await closed(socket.raw) == 4429


async def test_nothing_is_done_before_it_is_known_for_whom(server: Watched) -> None:
    async with silent(server) as socket:
        await socket.subscribe("1", NAME)
        assert await closed(socket.raw) == 4401


@pytest.mark.parametrize("initialised", [False, True])
@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "null",
        "1",
        '"x"',
        "[]",
        "{}",
        '{"type": 1}',
        '{"type": "start"}',
        '{"type": "complete"}',
        '{"type": "complete", "id": 1}',
        '{"type": "subscribe", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}',
        '{"type": "next", "id": "1", "payload": {}}',
        "[" * 60_000,
        b'{"type": "ping"}',
        b"\xff",
    ],
    ids=lambda message: repr(message[:45]),
)
async def test_what_is_no_message_ends_the_connection(
    agency: Agency, server: Watched, message: str | bytes, initialised: bool
) -> None:
    async with silent(server) as socket:
        if initialised:
            await socket.send(init(agency.admin))
            assert await socket.receive() == {"type": "connection_ack"}
        await socket.raw.send(message)
        assert await closed(socket.raw) == 4400


async def test_a_strange_first_payload_ends_the_connection(server: Watched) -> None:
    async with silent(server) as socket:
        await socket.send({"type": "connection_init", "payload": ["x"]})
        assert await closed(socket.raw) == 4400


async def test_text_must_be_text(server: Watched) -> None:
    async with silent(server) as socket:
        await socket.raw.send(b'{"type": "ping", "payload": "\xff"}', text=True)
        assert await closed(socket.raw) == 1007


async def test_pings_are_answered(agency: Agency, server: Watched) -> None:
    async with silent(server) as socket:
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}
        await socket.send(init(agency.admin))
        assert await socket.receive() == {"type": "connection_ack"}
        await socket.send({"type": "ping", "payload": {"at": [1, "\N{CAMERA}"]}})
        assert await socket.receive() == {"type": "pong", "payload": {"at": [1, "\N{CAMERA}"]}}
        await socket.send({"type": "pong", "payload": {}})
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}


async def test_a_quiet_client_is_asked_for_a_sign_of_life(agency: Agency, hasty: Watched) -> None:
    async with hasty.socket(agency.admin) as socket, asyncio.timeout(SECONDS):
        for _ in range(3):
            assert await socket.raw.recv() == '{"type":"ping"}'
            await socket.send({"type": "pong"})
        assert await socket.raw.recv() == '{"type":"ping"}'
        assert await closed(socket.raw) == 1001


async def test_queries_and_mutations_have_one_result(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    async with server.socket(agency.staff) as socket:
        await socket.subscribe("q", NAME)
        answer = await socket.receive()
        assert (answer["id"], answer["type"]) == ("q", "next")
        assert answer["payload"]["data"] == {"viewer": {"person": {"name": "Sam Staff"}}}
        assert list(answer["payload"]["extensions"]) == ["cost"]
        assert await socket.receive() == {"id": "q", "type": "complete"}
        await socket.subscribe("m", POST, id=order_id, text="Hello")
        assert (await socket.event("m"))["message"] == {"text": "Hello"}
        assert await socket.receive() == {"id": "m", "type": "complete"}


async def test_what_fails_in_one_place_leaves_the_rest(agency: Agency, server: Watched) -> None:
    async with server.socket(agency.staff) as socket:
        await socket.subscribe("1", '{ __typename node(id: "junk") { id } }')
        message = await socket.receive()
        assert message["type"] == "next"
        assert message["payload"]["data"] == {"__typename": "Query", "node": None}
        assert message["payload"]["errors"][0]["path"] == ["node"]
        assert await socket.receive() == {"id": "1", "type": "complete"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, "BAD_USER_INPUT"),
        ([], "BAD_USER_INPUT"),
        ({}, "BAD_USER_INPUT"),
        ({"query": 1}, "BAD_USER_INPUT"),
        ({"query": "{ __typename }", "variables": []}, "BAD_USER_INPUT"),
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{" + "a{" * 900}, "TOO_COSTLY"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { a } query B { b }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { __typename }", "operationName": "B"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query ($id: ID!) { node(id: $id) { id } }"}, "BAD_USER_INPUT"),
        ({"query": FEED, "variables": {"id": None}}, "BAD_USER_INPUT"),
        ({"query": FEED, "variables": {"id": "junk"}}, "BAD_USER_INPUT"),
    ],
)
async def test_a_bad_operation_ends_itself_only(
    agency: Agency, server: Watched, payload: object, code: str
) -> None:
    order_id = await agency.book()
    async with server.socket(agency.staff) as socket:
        await socket.subscribe("good", FEED, id=order_id)
        assert (await socket.event("good"))["type"] == "READY"
        await socket.send({"id": "bad", "type": "subscribe", "payload": payload})
        message = await socket.receive()
        assert (message["id"], message["type"]) == ("bad", "error")
        assert [each["extensions"]["code"] for each in message["payload"]] == [code]
        await server.ask(agency.staff, POST, id=order_id, text="Still here")
        assert (await socket.event("good"))["entry"] == {"text": "Still here"}


async def test_an_id_is_used_for_one_operation_at_a_time(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    async with server.socket(agency.staff) as socket:
        for _ in range(3):  # ended by the server
            await socket.subscribe("1", NAME)
            assert (await socket.receive())["type"] == "next"
            assert await socket.receive() == {"id": "1", "type": "complete"}
        for _ in range(3):  # ended by the client
            await socket.subscribe("1", FEED, id=order_id)
            assert (await socket.event("1"))["type"] == "READY"
            await socket.send({"id": "1", "type": "complete"})
        await socket.send({"id": "never heard of", "type": "complete"})
        await socket.subscribe("1", FEED, id=order_id)
        assert (await socket.event("1"))["type"] == "READY"
        await socket.subscribe("1", NAME)
        assert await closed(socket.raw) == 4409
        assert socket.raw.close_reason == "Subscriber for 1 already exists"


async def test_a_long_id_fits_into_no_reason(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    long = "\N{CAMERA}" * 100
    async with server.socket(agency.staff) as socket:
        await socket.subscribe(long, FEED, id=order_id)
        assert (await socket.event(long))["type"] == "READY"
        await socket.subscribe(long, FEED, id=order_id)
        assert await closed(socket.raw) == 4409
