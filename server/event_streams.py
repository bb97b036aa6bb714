"""Answers as a stream over HTTP: Server-Sent Events, and multipart for Apollo Client.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, distinct connections mode
https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, ExitStack, aclosing, suppress
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.errors import ApiError, Unauthenticated, Unavailable
from server.answers import Answer
from server.errors import formatted
from server.operations import encode

_HEARTBEAT_S = 15
_PATIENCE_S = 15  # for a client that does not read; what it misses it gets when it comes again


class Framing(ABC):
    """How a stream is written."""

    content_type: ClassVar[str]
    start: ClassVar[bytes]
    heartbeat: ClassVar[bytes]
    complete: ClassVar[bytes]
    """The end of a stream that has told everything."""

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
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_over = False

    def add(self, task: asyncio.Task[Any]) -> None:
        """Have one more, which is told by a task."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._is_over:
            task.cancel()

    def end(self) -> None:
        """End them all: their clients are to come again."""
        self._is_over = True
        for task in self._tasks:
            task.cancel()


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
        """Send it."""
        with self._watching:
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            await send(start)
            if scope["method"] == "HEAD":
                await self._answers.aclose()
                await send({"type": "http.response.body"})
            else:
                await self._go_on(receive, send)

    async def _go_on(self, receive: Receive, send: Send) -> None:
        """Send the body until the client leaves, or has got the last of it."""
        telling = asyncio.create_task(self._tell(send))
        gone = asyncio.create_task(_gone(receive))
        gone.add_done_callback(lambda _: telling.cancel())
        self._streams.add(telling)
        reason: ApiError = Unavailable("The server can't go on with this: subscribe again.")
        try:
            async with self._while_good:
                while not await _is_done(telling):
                    await self._write(send, self._framing.heartbeat)
        except Unauthenticated as error:
            reason = error
        except TimeoutError:
            pass  # the client does not read
        finally:
            await _end(telling, gone)
        has_told_all = not telling.cancelled() and telling.result()
        last = self._framing.complete if has_told_all else self._framing.cut(reason)
        # A client that does not read may be told this at any time, if it stays.
        await send({"type": "http.response.body", "body": last})

    async def _tell(self, send: Send) -> bool:
        """Send all answers; False if the client does not read them."""
        with suppress(TimeoutError):
            await self._write(send, self._framing.start)
            async with aclosing(self._answers) as told:
                async for each in told:
                    await self._write(send, self._framing.next(each))
            return True
        return False

    async def _write(self, send: Send, body: bytes) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _is_done(task: asyncio.Task[Any]) -> bool:
    """Whether a task ends before it is time for a heartbeat."""
    done, _ = await asyncio.wait([task], timeout=_HEARTBEAT_S)
    return bool(done)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
