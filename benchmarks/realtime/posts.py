"""Those who write: connections over which one request follows another."""

import asyncio
import re
from typing import cast
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Post(asyncio.Protocol):
    """A connection that a message is posted over, and then the next one."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # as uvloop has it

    def data_received(self, data: bytes) -> None:
        """Collect the answer."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and length and len(body) >= int(length[1]) and self._answer:
            self._received = b""
            self._answer.set_result(head + end + body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for an answer won't get it."""
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("The server hung up."))

    async def send(self, request: bytes) -> None:
        """Send it, and wait for the answer, which must be a good one."""
        assert self._transport  # noqa: S101 - it is connected
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        answer = await self._answer
        if not answer.startswith(b"HTTP/1.1 200") or b'"errors"' in answer:
            raise ConnectionError(answer.decode())


def request(url: str, token: str, body: bytes) -> bytes:
    """A request as it is sent."""
    parts = urlsplit(url)
    lines = (
        f"POST {parts.path}?{parts.query} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join([*lines, "", ""]).encode() + body
