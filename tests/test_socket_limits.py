"""How much a WebSocket may have, and how fast its client may talk."""

import json

from asking import send
from factories import Agency
from processes import Socket, closed
from sockets import FEED, NAME, POST, init, silent
from watched import Watched, watched

from server.embedded import Postgres, Valkey
from server.requests import BODY_LIMIT


async def test_a_message_may_be_as_long_as_a_body(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    async with server.socket(agency.staff) as socket:
        text = "\N{CAMERA}" * 10_000
        payload = {"query": POST, "variables": {"id": order_id, "text": text}}
        escaped = json.dumps({"id": "1", "type": "subscribe", "payload": payload})
        await socket.raw.send(escaped)
        assert (await socket.event("1"))["message"] == {"text": text}
        assert (await socket.receive())["type"] == "complete"
        await socket.subscribe("2", POST, id=order_id, text="x" * 100_000)
        refused = (await socket.receive())["payload"]["errors"][0]["extensions"]
        assert refused == {"code": "BAD_USER_INPUT", "field": "text"}
        await socket.send({"type": "ping", "payload": {"x": "x" * BODY_LIMIT}})
        assert await closed(socket.raw) == 1009


async def test_a_person_has_so_many_connections(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    limit = "from server import state; state.SOCKETS_LIMIT = 2"
    async with watched(postgres.url, valkey.url, first=limit) as server:
        for _ in range(3):
            async with server.socket(agency.staff), server.socket(agency.staff):
                async with silent(server) as one_more:
                    await one_more.send(init(agency.staff))
                    assert await closed(one_more.raw) == 1013
                async with server.socket(agency.admin):
                    pass


async def test_who_can_not_say_who_it_is_pays_as_by_http(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    async def knock(server: Watched, address: str) -> int | None:
        """How a socket ends whose client has no token that is good."""
        async with server.raw_socket(**{"X-Forwarded-For": address}) as raw:
            await Socket(raw).send({"type": "connection_init", "payload": {"authorization": "?"}})
            return await closed(raw)

    async def ask(server: Watched, address: str) -> int:
        """The status of the same by HTTP."""
        headers = {"X-Forwarded-For": address}
        return (await send(server, None, headers=headers, json={"query": NAME})).status_code

    dear = "from server import bills; bills.EACH = 19_000"  # so that an address has one
    settings = {"CALLSHEET_ADDRESS_POINTS": "20000"}
    here, there = agency.address, agency.address.replace("db8", "db9", 1)
    async with watched(postgres.url, valkey.url, first=dear, settings=settings) as server:
        assert [await knock(server, here), await knock(server, here)] == [4403, 1013]
        assert await ask(server, here) == 429
        assert await ask(server, there) == 401
        assert await knock(server, there) == 1013
        async with server.raw_socket(**{"X-Forwarded-For": here}) as raw:
            await Socket(raw).send(init(agency.staff))
            assert (await Socket(raw).receive())["type"] == "connection_ack"


async def test_who_says_too_much_is_listened_to_slowly(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    pace = (
        "from server import websocket as w; w._MESSAGES_PER_SECOND, w._MESSAGES_AT_ONCE = 1e-4, 9"
    )
    async with (
        watched(postgres.url, valkey.url, first=pace) as server,
        server.socket(agency.staff) as loud,
    ):
        for number in range(50):
            await loud.send({"type": "ping", "payload": {"n": number}})
        for number in range(7):  # after `connection_init`, and with one more to come
            assert (await loud.receive())["payload"] == {"n": number}
        async with server.socket(agency.staff) as other:
            await other.send({"type": "ping"})
            assert await other.receive() == {"type": "pong"}
        loud.cut()


async def test_a_connection_has_100_operations(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    async with server.socket(agency.staff) as socket:
        for number in range(100):
            await socket.subscribe(str(number), FEED, id=order_id)
        for _ in range(100):
            assert (await socket.receive())["type"] == "next"
        await socket.subscribe("one more", FEED, id=order_id)
        message = await socket.receive()
        assert (message["id"], message["type"]) == ("one more", "error")
        assert message["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": "id"}
        await socket.send({"id": "7", "type": "complete"})
        await socket.subscribe("one more", FEED, id=order_id)
        assert (await socket.event("one more"))["type"] == "READY"
