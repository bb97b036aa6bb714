"""Those who listen: connections that follow an order each, read as cheaply as it goes."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from benchmarks.realtime.frames import Unexpected, framed, texts, upgrade

NUMBER = b"No. "  # by which a message is known again; six digits follow
DIGITS = 6
_TRIED_AGAIN = {1012, 1013, 4408}  # by graphql-ws too: the server is busy, or not there


def address(url: str) -> tuple[str, int]:
    """Host and port."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80


@dataclass(frozen=True)
class Wish:
    """What the listeners are to follow, and where."""

    urls: list[str]
    """Where to connect; to the next one, if there is one, when a connection is lost."""
    tokens: list[str]
    orders: list[str]
    count: int
    document: str
    over_http: bool

    @cached_property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each."""
        return [address(url) for url in self.urls]


@dataclass
class Notes:
    """What all listeners together have noticed, at which Unix times."""

    changed: Callable[[], None]
    """Called when it is more than before."""
    lost: Callable[["Listener"], None]
    """Called with one who has lost the connection."""
    heard: int = 0
    """How many messages have arrived."""
    ready_at: list[float] = field(default_factory=list)
    """When somebody had been told all that had happened before."""
    arrivals: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """When each message arrived at its listeners, by its number."""
    sample: bytes = b""
    """A message, as it arrived."""
    failures: list[str] = field(default_factory=list)

    def forget(self) -> None:
        """Begin anew."""
        self.ready_at, self.arrivals, self.heard = [], defaultdict(list), 0

    def fail(self, failure: str) -> None:
        """Note what must not be."""
        self.failures.append(failure)
        self.changed()


class Listener(asyncio.Protocol):
    """One who follows an order over a WebSocket."""

    def __init__(self, wish: Wish, notes: Notes, index: int) -> None:
        self.order = wish.orders[index % len(wish.orders)]
        self.numbers: list[int] = []
        """The numbers of the messages that it has got."""
        self.transport: asyncio.Transport | None = None
        self._wish = wish
        self._notes = notes
        self._bearer = f"Bearer {wish.tokens[index % len(wish.tokens)]}"
        self._losses = 0
        self._last = b""
        self._rest = b""
        self._greeted = False
        self._leaves = False

    @property
    def address(self) -> tuple[str, int]:
        """Where to connect next."""
        addresses = self._wish.addresses
        return addresses[min(self._losses, len(addresses) - 1)]

    @property
    def has_elsewhere(self) -> bool:
        """Whether there is another server to go to."""
        return len(self._wish.addresses) > 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.Transport", transport)  # as uvloop has it
        self._rest, self._greeted = b"", False
        self.transport.write(self.greeting())

    def data_received(self, data: bytes) -> None:
        """Note what has come, and when."""
        now = time.time()
        data = self._rest + data if self._rest else data
        if not self._greeted:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            self._greeted = True
            self.greeted(head)
        try:
            found, self._rest = self.split(data)
        except Unexpected as unexpected:
            self._give_up(unexpected)
            return
        for each in found:
            if (at := each.find(NUMBER)) >= 0:
                number = int(each[at + len(NUMBER) : at + len(NUMBER) + DIGITS])
                self.numbers.append(number)
                self._notes.arrivals[number].append(now)
                self._notes.heard += 1
                self._notes.sample = each
            elif b'"READY"' in each:
                self._notes.ready_at.append(now)
            else:
                self.answer(each)
                continue
            self._last = each
            self._notes.changed()

    def connection_lost(self, exc: Exception | None) -> None:
        """Have it noted, unless that is how it was meant."""
        del exc
        self.transport = None
        self._losses += 1
        if not self._leaves:
            self._notes.lost(self)

    def leave(self) -> None:
        """Hang up."""
        self._leaves = True
        if self.transport:
            self.transport.abort()

    def greeting(self) -> bytes:
        """What is sent first."""
        return upgrade(":".join(map(str, self.address)))

    def greeted(self, head: bytes) -> None:
        """Go on after the server's first answer."""
        if not head.startswith(b"HTTP/1.1 101"):
            self._notes.fail(head.decode())
        self._say({"type": "connection_init", "payload": {"authorization": self._bearer}})

    def split(self, data: bytes) -> tuple[list[bytes], bytes]:
        """The messages in what was sent, and the beginning of the next one."""
        return texts(data)

    def answer(self, message: bytes) -> None:
        """Do what the protocol wants."""
        match orjson.loads(message):
            case {"type": "connection_ack"}:
                self._say({"id": "1", "type": "subscribe", "payload": self.subscription()})
            case {"type": "ping"}:
                self._say({"type": "pong"})
            case other:
                self._notes.fail(str(other))

    def subscription(self) -> dict[str, Any]:
        """The operation, which goes on where the listener was."""
        variables = {"order": self.order}
        if self._last:
            told = orjson.loads(self._last)
            variables["after"] = told["payload"]["data"]["orderFeed"]["cursor"]
        return {"query": self._wish.document, "variables": variables}

    def _give_up(self, unexpected: Unexpected) -> None:
        if self.has_elsewhere and unexpected.code in _TRIED_AGAIN and self.transport:
            self.transport.abort()
        else:
            self._notes.fail(str(unexpected))

    def _say(self, message: dict[str, Any]) -> None:
        if self.transport:
            self.transport.write(framed(orjson.dumps(message)))


class StreamListener(Listener):
    """One who follows an order by Server-Sent Events."""

    def greeting(self) -> bytes:
        """The operation."""
        body = orjson.dumps(self.subscription())
        lines = (
            "POST /graphql HTTP/1.1",
            f"Host: {':'.join(map(str, self.address))}",
            f"Authorization: {self._bearer}",
            "Content-Type: application/json",
            "Accept: text/event-stream",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join([*lines, "", ""]).encode() + body

    def greeted(self, head: bytes) -> None:
        """Nothing more is to be said."""
        if not head.startswith(b"HTTP/1.1 200"):
            self._notes.fail(head.decode())

    def split(self, data: bytes) -> tuple[list[bytes], bytes]:
        """The events, with what HTTP puts around them."""
        *found, rest = data.split(b"\n\n")
        return found, rest

    def answer(self, message: bytes) -> None:
        """Nothing: it is a comment, or the like."""
