"""Strawberry as it comes: its ASGI application, and a queue for each who follows an order.

That is what broadcaster does in memory. What is published arrives at `/publish`.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from typing import Annotated, NewType

import orjson
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from benchmarks.peers.serving import serve

Cursor = NewType("Cursor", str)


@strawberry.type
class Person:
    """Someone who writes."""

    id: strawberry.ID
    name: str


@strawberry.type
class Message:
    """What somebody wrote."""

    id: strawberry.ID
    text: str
    created_at: str
    author: Person


@strawberry.type
class Activity:
    """What somebody did."""

    id: strawberry.ID
    summary: str


@strawberry.type
class FeedEvent:
    """Something that happened on an order."""

    type: str
    cursor: Cursor
    kind: str | None = None
    entry: Annotated[Message | Activity, strawberry.union("FeedEntry")] | None = None


queues: dict[str, set[asyncio.Queue[FeedEvent]]] = defaultdict(set)


@strawberry.type
class Query:
    """There must be one."""

    name: str = "stock"


@strawberry.type
class Subscription:
    """What is told."""

    @strawberry.subscription
    async def order_feed(
        self, order_id: strawberry.ID, after: Cursor | None = None
    ) -> AsyncGenerator[FeedEvent, None]:
        """What happens on an order from now on."""
        del after  # nothing is kept
        queue: asyncio.Queue[FeedEvent] = asyncio.Queue()
        queues[order_id].add(queue)
        try:
            yield FeedEvent(type="READY", cursor=Cursor(""))
            while True:
                yield await queue.get()
        finally:
            queues[order_id].discard(queue)


class App(GraphQL[None, None]):
    """The ASGI application."""

    def encode_json(self, data: object) -> str:
        """An answer in JSON; as text, because bytes would become a binary message."""
        return orjson.dumps(data).decode()


async def publish(request: Request) -> Response:
    """Tell those who follow an order of an event, which is the payload of its frame."""
    told = orjson.loads(await request.body())["data"]["orderFeed"]
    entry = told["entry"]
    message = Message(
        id=entry["id"],
        text=entry["text"],
        created_at=entry["createdAt"],
        author=Person(**entry["author"]),
    )
    event = FeedEvent(type=told["type"], cursor=told["cursor"], kind=told["kind"], entry=message)
    for queue in queues[request.query_params["order"]]:
        queue.put_nowait(event)
    return Response()


if __name__ == "__main__":
    scalar = strawberry.scalar(name="Cursor", serialize=str, parse_value=str)
    schema = strawberry.Schema(
        Query,
        subscription=Subscription,
        config=StrawberryConfig(scalar_map={Cursor: scalar}),
        extensions=[ParserCache, ValidationCache],
    )
    graphql = App(schema, graphql_ide=None)
    routes = [Route("/publish", publish, methods=["POST"]), WebSocketRoute("/graphql", graphql)]
    serve(Starlette(routes=routes))
