"""Clients that follow the log over real connections, and come again however these end."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias

import httpx2
from network import Network
from processes import Address, token
from streaming import EVENTS, PARTS, streaming
from told import Divergence, Listener
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from models import LogEntry

Answers: TypeAlias = AsyncGenerator[dict[str, Any], None]
Transport: TypeAlias = Callable[[Address, Listener, str], Answers]
GONE = (OSError, TimeoutError, httpx2.HTTPError, InvalidHandshake)
"""What a client sees of a server that is not there, or says nothing."""


class Ended(Exception):
    """The stream has ended; what the server said of it."""


async def by_websocket(server: Address, listener: Listener, secret: str) -> Answers:
    """The data of the answers, by graphql-transport-ws."""
    async with server.socket(secret) as socket:
        await socket.subscribe("1", listener.document, **listener.variables)
        while True:
            message = await socket.receive()
            if message["type"] == "error":
                raise Ended(message["payload"][0]["extensions"]["code"])
            if message["type"] == "complete":
                raise Ended("complete")
            yield _data(message["payload"])


async def by_http(accept: str, server: Address, listener: Listener, secret: str) -> Answers:
    """The data of the answers, as a stream over HTTP."""
    given = (listener.person, listener.document, accept)
    async with streaming(server, *given, secret=secret, **listener.variables) as stream:
        if stream.response.status_code != 200:
            raise Ended(f"status {stream.response.status_code}")
        while (answer := await stream.next_answer()) is not None:
            yield _data(answer)
        raise Ended("the end")


def _data(answer: dict[str, Any]) -> dict[str, Any]:
    """The data of an answer without errors."""
    if "errors" in answer:
        raise Ended(answer["errors"][0]["extensions"]["code"])
    data: dict[str, Any] = answer["data"]
    return data


TRANSPORTS: dict[str, Transport] = {
    "WebSocket": by_websocket,
    "SSE": partial(by_http, EVENTS),
    "multipart": partial(by_http, PARTS),
}


@dataclass(eq=False)
class Follower:
    """A client that is told the log by one server or the other, until it is told to be done."""

    name: str
    listener: Listener
    transport: Transport
    ways: list[Network]
    dice: random.Random
    lifetime_s: float
    ends: Counter[str]
    """How often its connections ended, by what was said."""
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared while it takes nothing of what is sent to it."""
    is_done: bool = False
    """It goes when it knows all there is, having come once more."""

    def __post_init__(self) -> None:
        self.reads.set()

    async def follow(self) -> None:
        """Follow, and come again, until it is done."""
        while not await self._connect(self.dice.choice(self.ways)):
            pass

    def check(self, entries: Sequence[LogEntry]) -> None:
        """Nothing, if it was told what it may know; else `Divergence`, with its name."""
        try:
            self.listener.check(entries)
        except Divergence as found:
            raise Divergence(f"{self.name}: {found}") from None

    async def _connect(self, way: Network) -> bool:
        """Follow by one connection; True if nothing is left to know."""
        is_last = self.is_done
        lifetime = timedelta(seconds=self.dice.uniform(1, self.lifetime_s) if not is_last else 600)
        secret = token(self.listener.person, lifetime)
        answers = self.transport(Address(way.address), self.listener, secret)
        try:
            async with aclosing(answers):
                async for data in answers:
                    await self.reads.wait()
                    if self.listener.take(data) == "READY" and is_last:
                        return True
        except Ended as end:
            self.ends[str(end)] += 1
        except ConnectionClosed as end:
            self.ends[str(end.rcvd.code if end.rcvd else "cut")] += 1
        except GONE as end:
            self.ends["silent" if isinstance(end, TimeoutError) else "cut"] += 1
        await asyncio.sleep(self.dice.uniform(0.05, 0.5))  # as clients do
        return False
