"""A hostile client: what somebody with a token, or without, can do to others, all at once."""

import asyncio
import itertools
import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from benchmarks.crowd import script
from benchmarks.crowd.script import END, Order
from benchmarks.hostile import DOCUMENTS

_ORDERS = """orders(first: 100) { edges { node { id name customer { name } progress { done }
  services { name assignee { name } } lastMessage { text author { name } } } } }"""
DEAR = "{ " + " ".join(f"a{number}: {_ORDERS}" for number in range(11)) + " }"
"""Almost as much as one operation may ask for."""
MIDDLING = f"{{ {_ORDERS} }}"
"""A tenth of that."""
FOLLOW = "subscription { activity { type cursor activity { summary actor { name } } } }"
GUESS = "mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken } } }"
_PAUSE_S = 0.1
_GOODBYE_S = 1
_NICE = 19  # what it does itself is to take no time of the others, which would be at home elsewhere


class Hostile:
    """All its attacks, and what became of them."""

    def __init__(self, order: Order, http: aiohttp.ClientSession) -> None:
        self.order = order
        self.http = http
        (self.token,) = order.tokens
        self.told: Counter[str] = Counter()

    def attacks(self) -> list[Callable[[], Awaitable[None]]]:
        """What it does at once, each again and again."""
        return [
            *[self.worst_documents] * 8,
            *[self.dear_queries] * 4,
            *[self.middling_queries] * 4,
            *[self.small_queries] * 4,
            *[self.bad_tokens] * 4,
            *[self.guesses] * 2,
            *[self.large_bodies] * 2,
            *[self.slow_bodies] * 20,
            *[self.garbage] * 4,
            *[self.deaf_sockets] * 40,
            *[self.floods] * 4,
            *[self.unread_answers] * 10,
        ]

    async def again(self, attack: Callable[[], Awaitable[None]]) -> None:
        """One attack after the other, until cancelled."""
        while True:
            try:
                await attack()
            except (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError):
                self.told[f"{attack.__name__}: cut off"] += 1
                await asyncio.sleep(_PAUSE_S)

    async def worst_documents(self) -> None:
        """Documents that are dear to refuse, none of them twice."""
        for document in DOCUMENTS.values():
            await self._ask("worst_documents", f"{document} # {secrets.token_hex(8)}")

    async def dear_queries(self) -> None:
        """Queries that ask for as much as may be."""
        await self._ask("dear_queries", f"{DEAR} # {secrets.token_hex(8)}")

    async def middling_queries(self) -> None:
        """Smaller ones, whose document the server knows already."""
        await self._ask("middling_queries", MIDDLING)
        await asyncio.sleep(_PAUSE_S)

    async def small_queries(self) -> None:
        """As many as can be."""
        await self._ask("small_queries", "{ viewer { scopes } }")

    async def bad_tokens(self) -> None:
        """Tokens that nobody issued."""
        await self._ask(
            "bad_tokens",
            "{ viewer { scopes } }",
            f"eyJhbGciOiJIUzI1NiJ9.e30.{secrets.token_urlsafe(32)}",
        )

    async def guesses(self) -> None:
        """Passwords of somebody, to be guessed."""
        given = {"email": "ingrid@harbourlight.example", "password": secrets.token_hex(8)}
        await self._ask("guesses", GUESS, None, input=given)

    async def large_bodies(self) -> None:
        """More than fits."""
        await self._ask("large_bodies", "#" * 5_000_000)

    async def slow_bodies(self) -> None:
        """A body that comes byte by byte."""
        _, writer = await self._connection()
        writer.write(self._head(1_000))
        for _ in range(1_000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(1)

    async def garbage(self) -> None:
        """A connection for something that is not HTTP."""
        reader, writer = await self._connection()
        writer.write(secrets.token_bytes(1_000) + b"\r\n\r\n")
        await reader.read(1_000)
        writer.close()
        await asyncio.sleep(_PAUSE_S)

    async def deaf_sockets(self) -> None:
        """A WebSocket that follows as much as it may, and reads nothing."""
        async with self._socket() as socket:
            for number in range(100):
                await socket.send_json(_subscribe(str(number), FOLLOW))
            await asyncio.sleep(60)

    async def floods(self) -> None:
        """A WebSocket that asks faster than it can be answered."""
        async with self._socket() as socket:
            for number, document in zip(range(10_000), itertools.cycle(DOCUMENTS.values())):
                asked = document if number % 2 else FOLLOW
                await socket.send_json(_subscribe(str(number), f"{asked} # {number}"))
                await socket.send_json({"id": str(number), "type": "complete"})
                await socket.send_json({"type": "ping"})

    async def unread_answers(self) -> None:
        """Large answers that are asked for again and again, and never read."""
        _, writer = await self._connection()
        body = orjson.dumps({"query": DEAR})
        for _ in range(100):
            writer.write(self._head(len(body)) + body)
            await writer.drain()
            await asyncio.sleep(1)

    async def _ask(self, what: str, query: str, token: str | None = "", **variables: Any) -> None:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token or self.token}"
        body = orjson.dumps({"query": query, "variables": variables})
        async with self.http.post(self.order.url, data=body, headers=headers) as response:
            await response.read()
        self.told[f"{what}: {response.status}"] += 1

    def _head(self, length: int) -> bytes:
        lines = (
            "POST /graphql HTTP/1.1",
            "Host: localhost",
            "Content-Type: application/json",
            f"Authorization: Bearer {self.token}",
            f"Content-Length: {length}",
        )
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        at = urlsplit(self.order.url)
        return await asyncio.open_connection(at.hostname, at.port, limit=2**12)

    @asynccontextmanager
    async def _socket(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with self.http.ws_connect(self.order.url, protocols=["graphql-transport-ws"]) as one:
            payload = {"Authorization": f"Bearer {self.token}"}
            await one.send_json({"type": "connection_init", "payload": payload})
            yield one
        self.told[f"a socket: closed with {one.close_code}"] += 1


def _subscribe(key: str, query: str) -> dict[str, Any]:
    return {"id": key, "type": "subscribe", "payload": {"query": query}}


async def clients(order: Order, word: Callable[[], Awaitable[str]]) -> dict[str, int]:
    """Attack until the end, and tell what it was answered."""
    os.nice(_NICE)
    timeout = aiohttp.ClientTimeout(total=60)
    # It is never closed: a socket that floods can't say goodbye, and is cut off with this process.
    http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout)
    hostile = Hostile(order, http)
    tasks = [asyncio.create_task(hostile.again(each)) for each in hostile.attacks()]
    while await word() != END:
        pass
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=_GOODBYE_S)
    return dict(hostile.told)


if __name__ == "__main__":
    script.run(clients)
