"""The load: a process of its own, which is told by JSON what to do, and answers so."""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import uvloop

from benchmarks.realtime.listeners import (
    DIGITS,
    NUMBER,
    Listener,
    Notes,
    StreamListener,
    Wish,
    address,
)
from benchmarks.realtime.posts import Post, request

_AT_ONCE = 100  # so many connect at a time, as long as none was thrown out
_PATIENCE_S = 120
_POSTS_AT_ONCE = 16
_BETWEEN_S = 0.02  # so that a message finds everybody at rest
_BLANK = NUMBER + b"0" * DIGITS


@dataclass(frozen=True)
class Posting:
    """What is to be posted, and how often."""

    requests: dict[str, tuple[str, str, str]]
    """By order: the address, the token and the body of the request."""
    seconds: float
    per_second: float | None
    """None: each message when all have got the one before."""


class Crowd:
    """All who listen, and what they have heard."""

    def __init__(self) -> None:
        self._news = asyncio.Event()
        self._notes = Notes(self._news.set, self._lost)
        self._listeners: list[Listener] = []
        self._returning: set[asyncio.Task[None]] = set()
        self._away: set[Listener] = set()
        """Who has lost a connection, and has to be ready once more."""
        self._followers = Counter[str]()
        """How many follow each order."""
        self._posted: dict[str, list[int]] = {}
        """The numbers of the messages, by order."""
        self._expected = 0
        self._sent_at: list[float] = []

    async def connect(self, wish: Wish) -> dict[str, Any]:
        """More listeners; they are ready when this ends."""
        kind = StreamListener if wish.over_http else Listener
        newcomers = [kind(wish, self._notes, index) for index in range(wish.count)]
        self._listeners += newcomers
        for start in range(0, wish.count, _AT_ONCE):
            await asyncio.gather(*map(_connect, newcomers[start : start + _AT_ONCE]))
            await self._ready(min(wish.count, start + _AT_ONCE))
        self._notes.forget()
        return {}

    async def leave(self) -> dict[str, Any]:
        """End all connections, and forget what was heard."""
        for each in self._listeners:
            each.leave()
        self._listeners = []
        self._notes = Notes(self._news.set, self._lost)
        return {}

    async def post(self, posting: Posting) -> dict[str, Any]:
        """What was posted and when, and when it arrived; and who did not get just that."""
        self._posted = {order: [] for order in posting.requests}
        self._expected, self._sent_at = 0, []
        self._away.clear()
        self._followers = Counter(each.order for each in self._listeners)
        self._notes.forget()
        for listener in self._listeners:
            listener.numbers.clear()
        posts = await _posts(posting)
        busy, began = time.process_time(), time.time()
        await (self._evenly if posting.per_second else self._one_by_one)(posting, posts)
        await self._until(lambda: self._notes.heard >= self._expected)
        await self._until(lambda: len(self._notes.ready_at) >= len(self._away))
        return {
            "sent_at": self._sent_at,
            "arrivals": [self._notes.arrivals[number] for number in range(len(self._sent_at))],
            "busy": (time.process_time() - busy) / (time.time() - began),
            "back_at": self._notes.ready_at,
            "sample": self._notes.sample.decode(),
            "wrong": sum(each.numbers != self._posted[each.order] for each in self._listeners),
        }

    async def _one_by_one(self, posting: Posting, posts: asyncio.Queue[Post]) -> None:
        (order,) = posting.requests
        end = time.time() + posting.seconds
        while not self._sent_at or time.time() < end:
            await self._send(posting, order, posts)
            await self._until(lambda: self._notes.heard >= self._expected)
            await asyncio.sleep(_BETWEEN_S)

    async def _evenly(self, posting: Posting, posts: asyncio.Queue[Post]) -> None:
        loop, orders = asyncio.get_running_loop(), list(posting.requests)
        pause, began = 1 / (posting.per_second or 1), loop.time()
        async with asyncio.TaskGroup() as tasks:
            for i in range(round(posting.seconds / pause)):
                await asyncio.sleep(began + i * pause - loop.time())
                tasks.create_task(self._send(posting, orders[i % len(orders)], posts))

    async def _send(self, posting: Posting, order: str, posts: asyncio.Queue[Post]) -> None:
        post = await posts.get()
        number = len(self._sent_at)
        url, token, body = posting.requests[order]
        named = body.encode().replace(_BLANK, NUMBER + f"{number:0{DIGITS}}".encode())
        self._posted[order].append(number)
        self._expected += self._followers[order]
        self._sent_at.append(time.time())
        await post.send(request(url, token, named))
        posts.put_nowait(post)

    def _lost(self, listener: Listener) -> None:
        """Bring back at once who has somewhere to go."""
        if listener.has_elsewhere:
            self._away.add(listener)
            task = asyncio.ensure_future(_connect(listener))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)
        else:
            self._notes.fail("A connection was lost.")

    async def _ready(self, count: int) -> None:
        await self._until(lambda: len(self._notes.ready_at) >= count)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not is_so():
                self._news.clear()
                await self._news.wait()
                if self._notes.failures:
                    raise ConnectionError(self._notes.failures[0])


async def _posts(posting: Posting) -> asyncio.Queue[Post]:
    """Some connections to where it is to be posted."""
    loop, posts = asyncio.get_running_loop(), asyncio.Queue[Post]()
    (url, _, _) = next(iter(posting.requests.values()))
    for _ in range(_POSTS_AT_ONCE):
        _, post = await loop.create_connection(Post, *address(url))
        posts.put_nowait(post)
    return posts


async def _connect(listener: Listener) -> None:
    await asyncio.get_running_loop().create_connection(lambda: listener, *listener.address)


def _fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say what went wrong in a connection, and end."""
    loop.default_exception_handler(context)
    os._exit(1)


async def _obey() -> None:
    """Do what the lines of the standard input say, one after the other."""
    loop, lines = asyncio.get_running_loop(), asyncio.StreamReader(limit=1 << 24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    loop.set_exception_handler(_fail)
    crowd = Crowd()
    async for line in lines:
        match orjson.loads(line):
            case {"connect": wish}:
                answer = await crowd.connect(Wish(**wish))
            case {"post": posting}:
                answer = await crowd.post(Posting(**posting))
            case _:
                answer = await crowd.leave()
        print(orjson.dumps(answer).decode(), flush=True)  # noqa: T201 - to the parent process


if __name__ == "__main__":
    uvloop.run(_obey())
