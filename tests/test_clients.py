"""Clients that others have written, unmodified: gql for Python, Apollo and urql; they ask."""

import asyncio
import os
import shutil
from pathlib import Path

import orjson
import pytest
from factories import Agency
from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from processes import SECONDS, token
from watched import Watched

from models import Person

FEED = """subscription ($id: ID!, $after: Cursor) { orderFeed(orderId: $id, after: $after) {
  type cursor entry { ... on Message { text } }
} }"""
POST = """mutation ($id: ID!, $text: String!) {
  postMessage(input: {orderId: $id, text: $text}) { cursor message { text } }
}"""
NAME = "query ($id: ID!) { viewer { person { name } } node(id: $id) { id } }"
ASK = Path(__file__).parent / "clients" / "http" / "ask.mjs"
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


@pytest.mark.skipif(
    NODE is None or not (ASK.parent.parent / "node_modules" / "@apollo").exists(),
    reason="the clients are not there: `npm ci` in tests/clients installs them",
)
async def test_apollo_and_urql_ask_and_change(agency: Agency, server: Watched) -> None:
    url = f"http://{server.address}/graphql"
    process = await asyncio.create_subprocess_exec(
        *(NODE, ASK, url, token(agency.staff), await agency.book()),  # type: ignore[arg-type] # not None, see above
        env={**os.environ, "NODE_ENV": "production"},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        printed, _ = await process.communicate()
    told = [orjson.loads(line) for line in printed.splitlines()]
    names = ["apollo", "apollo by hash", "apollo by hash", "urql"]
    assert [each["client"] for each in told] == [name for name in names for _ in range(2)]
    for asked, changed in zip(told[::2], told[1::2], strict=True):
        assert asked["data"]["viewer"]["person"]["name"] == "Sam Staff", asked
        assert changed["data"]["postMessage"]["message"]["text"] == changed["client"], changed
    one = {"method": "POST", "status": 200, "type": "application/graphql-response+json"}
    missed, found = {**one, "method": "GET", "status": 400}, {**one, "method": "GET"}
    assert told[0]["asked"] == told[1]["asked"] == [one]
    assert told[2]["asked"] == [missed, one]
    assert told[3]["asked"] == [{**one, "status": 400}, one]
    assert told[4]["asked"] == [found]  # by another client, which did not know that it is known
    assert told[5]["asked"] == told[6]["asked"] == told[7]["asked"] == [one]
