"""Answers as a stream over HTTP: Server-Sent Events, and multipart for Apollo Client.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, distinct connections mode
https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    aclosing,
    asynccontextmanager,
    suppress,
)
from http import HTTPStatus
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.errors import ApiError, Unauthenticated, Unavailable
from server import leaving
from server.answers import Answer
from server.errors import formatted
from server.operations import encode

BEGUN = "callsheet.stream"
"""The key of a request's scope under which is the stream that it has become."""
_HEARTBEAT_S = 15
_PATIENCE_S = 15  # for a client that does not read; what it misses it gets when it comes again
_CUT = "The server can't go on with this: subscribe again."


class Framing(ABC):
    """How a stream is written."""

    content_type: ClassVar[str]
    start: ClassVar[bytes]
    heartbeat: ClassVar[bytes]
    complete: ClassVar[bytes]
    """The end of a stream that has told everything."""

    def only(self, answer: Answer) -> bytes:
        """A stream of one answer."""
        return self.start + self.next(answer) + self.complete

    @abstractmethod
    def next(self, answer: Answer) -> bytes:
        """An answer."""

    @abstractmethod
    def cut(self, reason: ApiError) -> bytes:
        """The end of a stream that has more to tell: the client is to come again."""


class ServerSentEvents(Framing):
    """Events as graphql-sse has them, whose ids are places in the log."""

    content_type = "text/event-stream; charset=utf-8"
    start = heartbeat = b":\n\n"
    complete = b"event: complete\ndata:\n\n"

    def next(self, answer: Answer) -> bytes:
        """An event `next`."""
        place = b"id: %s\n" % str(answer.place).encode() if answer.place else b""
        return b"event: next\n%sdata: %s\n\n" % (place, _whole(answer))

    def cut(self, reason: ApiError) -> bytes:  # noqa: ARG002 - there is no event that tells it
        """Nothing: without `complete`, clients connect again."""
        return b""


def _part(json: bytes) -> bytes:
    return b"\r\ncontent-type: application/json\r\n\r\n%s\r\n--graphql" % json


class Multipart(Framing):
    """Parts as Apollo Client reads them: each is told by the boundary that follows it."""

    content_type = 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0'
    start = b"\r\n--graphql"
    heartbeat = _part(b"{}")
    complete = b"--\r\n"

    def next(self, answer: Answer) -> bytes:
        """A part with an answer."""
        return _part(b'{"payload":%s}' % _whole(answer))

    def cut(self, reason: ApiError) -> bytes:
        """A part with an error of the transport."""
        errors = [formatted(reason, "")]
        return _part(encode({"payload": None, "errors": errors})) + self.complete


def _whole(answer: Answer) -> bytes:
    return b'{"errors":%s}' % answer.json if answer.is_refusal else answer.json


class Streams:
    """The streams of a process, which end with it."""

    def __init__(self) -> None:
        self._limits: set[asyncio.Timeout] = set()
        self._is_over = False

    @asynccontextmanager
    async def one(self) -> AsyncIterator[asyncio.Timeout]:
        """One more while the block lasts; `TimeoutError` ends it when its limit is reached."""
        async with asyncio.timeout(0 if self._is_over else None) as limit:
            self._limits.add(limit)
            try:
                yield limit
            finally:
                self._limits.discard(limit)

    def end(self) -> None:
        """End them all: their clients are to come again."""
        self._is_over = True
        for limit in self._limits:
            leaving.end(limit)


class EventStream(Response):
    """A response that goes on until all is told, the client leaves, or it must come again."""

    def __init__(
        self,
        framing: Framing,
        answers: AsyncGenerator[Answer, None],
        *,
        while_good: AbstractAsyncContextManager[Any],
        streams: Streams,
        watching: ExitStack,
        headers: dict[str, str],
    ) -> None:
        self._framing = framing
        self._answers = answers
        self._while_good = while_good
        self._streams = streams
        self._watching = watching
        buffering = {"X-Accel-Buffering": "no"}  # nginx would keep events back
        super().__init__(headers=headers | buffering, media_type=framing.content_type)
        del self.headers["Content-Length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have it served where connections come in, when what led to it has returned."""
        del receive, send
        scope[BEGUN] = self

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._watching:
            await send(
                {
                    "type": "http.response.start",
                    "status": HTTPStatus.OK,
                    "headers": self.raw_headers,
                }
            )
            if scope["method"] == "HEAD":
                await self._answers.aclose()
                last = b""
            else:
                last = await self._go_on(receive, send)
            # A client that does not read may be told this at any time, if it stays.
            await send({"type": "http.response.body", "body": last})

    async def _go_on(self, receive: Receive, send: Send) -> bytes:
        """Send the body until the client leaves, or has got all but the end of it; give that."""
        try:
            async with self._while_good, self._streams.one() as limit:
                keeping = asyncio.create_task(self._keep_alive(receive, send, limit))
                try:
                    await self._tell(send)
                finally:
                    keeping.cancel()
                    await asyncio.wait([keeping])
        except Unauthenticated as error:
            return self._framing.cut(error)
        except TimeoutError:
            return self._framing.cut(Unavailable(_CUT))
        return self._framing.complete

    async def _tell(self, send: Send) -> None:
        """Send all answers."""
        await self._write(send, self._framing.start)
        async with aclosing(self._answers) as told:
            async for each in told:
                await self._write(send, self._framing.next(each))

    async def _keep_alive(self, receive: Receive, send: Send, limit: asyncio.Timeout) -> None:
        """Give signs of life until the client has left, or does not read them."""
        with suppress(TimeoutError, RuntimeError):  # uvloop's, if it has left just now
            while not await _has_left(receive):
                await self._write(send, self._framing.heartbeat)
        leaving.end(limit)

    async def _write(self, send: Send, body: bytes) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            await send({"type": "http.response.body", "body": body, "more_body": True})


async def _has_left(receive: Receive) -> bool:
    """Whether the client leaves before it is time for a heartbeat."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_HEARTBEAT_S):
            await leaving.gone(receive)
            return True
    return False
