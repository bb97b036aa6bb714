"""What tests of WebSockets ask, and how they begin."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from processes import Process, Socket, token

from models import Person

NAME = "{ viewer { person { name } } }"
FEED = """subscription ($id: ID!) { orderFeed(orderId: $id) {
  type entry { ... on Message { text } }
} }"""
POST = """mutation ($id: ID!, $text: String!) {
  postMessage(input: {orderId: $id, text: $text}) { message { text } }
}"""


def init(person: Person) -> dict[str, Any]:
    """The first message of a client."""
    payload = {"authorization": f"Bearer {token(person)}"}
    return {"type": "connection_init", "payload": payload}


@asynccontextmanager
async def silent(server: Process) -> AsyncIterator[Socket]:
    """A WebSocket that has said nothing yet."""
    async with server.raw_socket() as raw:
        yield Socket(raw)
