"""A client that reads a stream over HTTP as it is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson
import pytest
from processes import SECONDS, Address, http_client, token

from models import Person

EVENTS = "text/event-stream"
PARTS = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json"
BOTH = pytest.mark.parametrize("accept", [EVENTS, PARTS], ids=["events", "parts"])
FEED = """subscription ($id: ID!, $after: Cursor) { orderFeed(orderId: $id, after: $after) {
  type cursor entry { ... on Message { text } }
} }"""
POST = """mutation ($id: ID!, $text: String!) {
  postMessage(input: {orderId: $id, text: $text}) { cursor }
}"""
_ENDS = {EVENTS: b"\n\n", PARTS: b"\r\n--graphql"}


@dataclass
class Streaming:
    """A response, and what has come of it."""

    response: httpx2.Response
    end: bytes
    chunks: AsyncIterator[bytes]
    rest: bytes = field(default=b"")

    async def block(self) -> bytes | None:
        """The next block, whatever it is; None at the end."""
        async with asyncio.timeout(SECONDS):
            while self.end not in self.rest:
                if (chunk := await anext(self.chunks, None)) is None:
                    return None
                self.rest += chunk
        found, _, self.rest = self.rest.partition(self.end)
        return found

    async def fields(self) -> dict[str, str] | None:
        """The fields of the next event that is not a comment; None at the end."""
        while (block := await self.block()) is not None:
            lines = [line for line in block.decode().split("\n") if line and line[0] != ":"]
            if lines:
                pairs = (line.partition(":") for line in lines)
                return {name: value.removeprefix(" ") for name, _, value in pairs}
        return None

    async def part(self) -> Any:
        """The JSON of the next part that is not empty; None at the end."""
        while (block := await self.block()) is not None:
            head, _, json = block.partition(b"\r\n\r\n")
            if json not in (b"", b"{}"):
                assert head == b"\r\ncontent-type: application/json"
                return orjson.loads(json)
        return None

    async def next_answer(self) -> Any:
        """The next answer, however it is framed; None at the end, for whatever reason."""
        if self.end == _ENDS[PARTS]:
            part = await self.part()
            return part and part["payload"]
        told = await self.fields()
        return orjson.loads(told["data"]) if told and told["event"] == "next" else None

    async def answer(self) -> Any:
        """The next answer, which must come."""
        answer = await self.next_answer()
        assert answer is not None
        return answer

    async def event(self) -> Any:
        """The next event of a subscription."""
        answer = await self.answer()
        assert "errors" not in answer, answer
        (event,) = answer["data"].values()
        return event

    async def texts(self, last: str) -> list[str]:
        """The messages that are told up to one with this text."""
        found: list[str] = []
        while last not in found:
            event = await self.event()
            if event["type"] == "CHANGE":
                found.append(event["entry"]["text"])
        return found


@asynccontextmanager
async def streaming(
    server: Address,
    person: Person,
    query: str,
    accept: str = EVENTS,
    *,
    headers: dict[str, str] | None = None,
    method: str = "POST",
    secret: str | None = None,
    **variables: Any,
) -> AsyncIterator[Streaming]:
    """A response that is being read; the client leaves at the end."""
    given = {"Authorization": f"Bearer {secret or token(person)}", "Accept": accept}
    body = {"query": query, "variables": variables}
    sent: dict[str, Any] = {"json": body}
    if method == "GET":
        sent = {"params": {"query": query, "variables": orjson.dumps(variables).decode()}}
    url = f"http://{server.address}/graphql"
    async with (
        http_client() as client,
        client.stream(method, url, headers=given | (headers or {}), **sent) as response,
    ):
        yield Streaming(response, _ENDS.get(accept, b"\n\n"), response.aiter_raw())
