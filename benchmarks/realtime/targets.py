"""The servers that tell, and how each learns what there is to tell."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import orjson

from benchmarks.operations import OPERATIONS, Question
from benchmarks.realtime.generator import Posting
from benchmarks.realtime.listeners import DIGITS, NUMBER, Wish
from benchmarks.realtime.load import Load
from benchmarks.servers import NODE, OURS, PEERS, Running, Server
from benchmarks.stage import Stage

NODE_WS = Server("node", "graphql-ws on ws, graphql-js", (str(NODE), str(PEERS / "graphql_ws.mjs")))
SERVERS = (
    OURS,
    Server(
        "raw",
        "Raw ASGI: ready-made text, uvicorn",
        (sys.executable, "-m", "benchmarks.peers.raw_asgi"),
    ),
    NODE_WS,
    Server(
        "stock",
        "Strawberry, a queue per subscriber, uvicorn",
        (sys.executable, "-m", "benchmarks.peers.stock"),
    ),
)
_DOCUMENT = (Path(__file__).parent.parent / "operations" / "feed.graphql").read_text()
_BLANK = f"{NUMBER.decode()}{'0' * DIGITS}"
_NUMBERED = re.compile(rf"{NUMBER.decode()}\d{{{DIGITS}}}")
_TEXT = f"{_BLANK}: the photos are in. Please have a look at the last three of the garden."
(_POST,) = (each for each in OPERATIONS if each.name == "post")


@dataclass(frozen=True)
class Target:
    """A server that tells."""

    server: Running
    source: str
    """Where what it is to tell is posted."""
    frame: str = ""
    """What is posted, if it is not ours: the payload that ours makes."""

    @classmethod
    def other(cls, server: Running, frame: str) -> Self:
        """One that is not ours."""
        return cls(server, server.url.removesuffix("/graphql") + "/publish", frame)

    @property
    def name(self) -> str:
        """Its short name."""
        return self.server.server.name

    @property
    def is_ours(self) -> bool:
        """Whether it commits what it tells."""
        return not self.frame

    def posting(
        self, stage: Stage, orders: Sequence[str], seconds: float, per_second: float | None = None
    ) -> Posting:
        """Messages on these orders in turn."""
        return Posting({each: self._request(stage, each) for each in orders}, seconds, per_second)

    def _request(self, stage: Stage, order: str) -> tuple[str, str, str]:
        if self.is_ours:
            body = Question(_POST.text, {"input": {"orderId": order, "text": _TEXT}}).body
            return self.source, stage.token, body.decode()
        return f"{self.source}?order={order}", "", self.frame


@dataclass(frozen=True)
class Ground:
    """What all measurements share."""

    stage: Stage
    load: Load
    tokens: Sequence[str]
    seconds: float
    """For how long something is posted."""
    share: float
    """Of the listeners that there would be."""

    @cached_property
    def orders(self) -> Sequence[str]:
        """Orders on which nothing else happens."""
        return self.stage.orders[-100:]

    def some(self, count: int) -> int:
        """So many, or the share of them that is wanted."""
        return max(1, round(count * self.share))

    def wish(
        self, urls: Sequence[str], orders: Sequence[str], count: int, *, over_http: bool = False
    ) -> Wish:
        """Listeners of these orders in turn."""
        tokens, orders = list(self.tokens), list(orders)
        return Wish(list(urls), tokens, orders, count, _DOCUMENT, over_http)

    def sample(self, target: Target) -> str:
        """The payload that it sends for a message, without the message's number."""
        order = self.orders[:1]
        self.load.connect(self.wish([target.server.url], order, 1))
        self.load.begin(target.posting(self.stage, order, seconds=0))
        told = orjson.loads(self.load.end().sample)
        self.load.leave()
        return _NUMBERED.sub(_BLANK, orjson.dumps(told["payload"]).decode())
