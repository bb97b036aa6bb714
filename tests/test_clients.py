"""Clients that others have written, unmodified: gql for Python, graphql-ws for JavaScript."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from factories import Agency
from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from processes import SECONDS, token
from watched import Watched, watched

from models import Person
from server.embedded import Postgres, Valkey

FEED = """subscription ($id: ID!, $after: Cursor) { orderFeed(orderId: $id, after: $after) {
  type cursor entry { ... on Message { text } }
} }"""
POST = """mutation ($id: ID!, $text: String!) {
  postMessage(input: {orderId: $id, text: $text}) { cursor message { text } }
}"""
NAME = "query ($id: ID!) { viewer { person { name } } node(id: $id) { id } }"
FOLLOW = Path(__file__).parent / "clients" / "ws" / "follow.mjs"
NODE = shutil.which("node")


def authorization(person: Person) -> dict[str, str]:
    """What says who one is."""
    return {"Authorization": f"Bearer {token(person)}"}


def over_http(server: Watched, headers: dict[str, str]) -> Client:
    """A client of gql over HTTP."""
    return Client(transport=AIOHTTPTransport(f"http://{server.address}/graphql", headers=headers))


def over_websocket(server: Watched, person: Person) -> Client:
    """A client of gql over WebSocket."""
    url = f"ws://{server.address}/graphql"
    return Client(transport=WebsocketsTransport(url, init_payload=authorization(person)))


async def test_gql_asks_and_changes_over_http(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    async with over_http(server, authorization(agency.staff)) as session:
        told = await session.execute(GraphQLRequest(NAME, variable_values={"id": order_id}))
        assert told == {"viewer": {"person": {"name": "Sam Staff"}}, "node": {"id": order_id}}
        request = GraphQLRequest(POST, variable_values={"id": order_id, "text": "Hello"})
        assert (await session.execute(request))["postMessage"]["message"] == {"text": "Hello"}
        with pytest.raises(TransportQueryError) as caught:
            await session.execute(GraphQLRequest("{ nothing }"))
        assert caught.value.errors
        assert caught.value.errors[0]["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


async def test_gql_is_told_that_its_token_is_no_good(server: Watched) -> None:
    with pytest.raises(TransportQueryError) as caught:
        async with over_http(server, {"Authorization": "Bearer junk"}) as session:
            await session.execute(GraphQLRequest("{ __typename }"))
    assert caught.value.errors
    assert caught.value.errors[0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_gql_asks_and_changes_over_websocket(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    async with over_websocket(server, agency.staff) as session:
        told = await session.execute(GraphQLRequest(NAME, variable_values={"id": order_id}))
        assert told["node"] == {"id": order_id}
        request = GraphQLRequest(POST, variable_values={"id": order_id, "text": "Hello"})
        assert (await session.execute(request))["postMessage"]["message"] == {"text": "Hello"}
        with pytest.raises(TransportQueryError):
            await session.execute(GraphQLRequest("{ nothing }"))
        assert (await session.execute(GraphQLRequest("{ __typename }"))) == {"__typename": "Query"}


async def test_gql_goes_on_where_it_was(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    after, texts = None, []
    for turn in range(3):
        await server.ask(agency.manager, POST, id=order_id, text=f"before {turn}")
        async with over_websocket(server, agency.staff) as session, asyncio.timeout(SECONDS):
            request = GraphQLRequest(FEED, variable_values={"id": order_id, "after": after})
            async for told in session.subscribe(request):
                event = told["orderFeed"]
                if event["type"] == "READY":
                    await server.ask(agency.manager, POST, id=order_id, text=f"during {turn}")
                else:
                    texts.append(event["entry"]["text"])
                after = event["cursor"]
                if texts and texts[-1] == f"during {turn}":
                    break
    # Nothing is after the beginning, which has no cursor: the first is not told.
    assert texts == ["during 0", "before 1", "during 1", "before 2", "during 2"]


@dataclass
class Follower:
    """graphql-ws in node, that follows an order's feed."""

    process: asyncio.subprocess.Process

    async def told(self) -> dict[str, Any]:
        """What it tells next."""
        assert self.process.stdout
        async with asyncio.timeout(SECONDS):
            line = await self.process.stdout.readline()
        told: dict[str, Any] = orjson.loads(line)
        return told

    async def event(self) -> dict[str, Any]:
        """What it is told next by the server; it may lose its connection meanwhile."""
        while "closed" in (told := await self.told()):
            pass
        event: dict[str, Any] = told["event"]
        return event

    async def texts(self, last: str) -> list[str]:
        """The messages that it is told up to one with this text."""
        found: list[str] = []
        while last not in found:
            if (event := await self.event())["type"] == "CHANGE":
                found.append(event["entry"]["text"])
        return found

    def cut(self) -> None:
        """End its connection as a lost network does."""
        assert self.process.stdin
        self.process.stdin.write(b"cut\n")


@asynccontextmanager
async def follower(server: Watched, order_id: str, *tokens: str) -> AsyncIterator[Follower]:
    """Such a client, which is ready; ended at the end."""
    if NODE is None or not (FOLLOW.parent.parent / "node_modules" / "graphql-ws").exists():
        pytest.skip("graphql-ws is not there: `npm ci` in tests/clients installs it")
    process = await asyncio.create_subprocess_exec(
        *(NODE, FOLLOW, f"ws://{server.address}/graphql", order_id, *tokens),  # type: ignore[arg-type] # test code, checked by running it
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        following = Follower(process)
        assert (await following.event())["type"] == "READY"
        yield following
    finally:
        process.kill()
        await process.communicate()


async def test_graphql_ws_loses_nothing_when_the_network_does(
    agency: Agency, server: Watched
) -> None:
    order_id = await agency.book()
    async with follower(server, order_id, token(agency.staff)) as following:
        for turn in range(3):
            following.cut()
            posted = [f"{turn}.{number}" for number in range(5)]
            for text in posted:
                await server.ask(agency.manager, POST, id=order_id, text=text)
            assert await following.texts(last=posted[-1]) == posted


async def test_graphql_ws_loses_nothing_when_the_server_is_killed(
    agency: Agency, server: Watched, postgres: Postgres, valkey: Valkey
) -> None:
    order_id = await agency.book()
    async with (
        watched(postgres.url, valkey.url) as doomed,
        follower(doomed, order_id, token(agency.staff)) as following,
    ):
        await server.ask(agency.manager, POST, id=order_id, text="before")
        assert await following.texts(last="before") == ["before"]
        await doomed.end(signal.SIGKILL)
        await server.ask(agency.manager, POST, id=order_id, text="while it is away")
        async with watched(postgres.url, valkey.url, port=doomed.port):
            await server.ask(agency.manager, POST, id=order_id, text="after")
            assert await following.texts(last="after") == ["while it is away", "after"]


async def test_graphql_ws_goes_on_with_a_fresh_token(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    tokens = token(agency.staff, timedelta(seconds=3)), token(agency.staff)
    async with follower(server, order_id, *tokens) as following:
        await server.ask(agency.manager, POST, id=order_id, text="before")
        assert await following.texts(last="before") == ["before"]
        assert await following.told() == {"closed": 4403}
        await server.ask(agency.manager, POST, id=order_id, text="after")
        assert await following.texts(last="after") == ["after"]
