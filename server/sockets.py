"""WebSocket connections as uvicorn has them, which moreover let go of clients that take nothing."""

import asyncio
import socket
from asyncio import BaseTransport, TimerHandle
from http import HTTPStatus

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame
from websockets.http11 import Request

EXTENSION = "callsheet.socket"
"""The name of the ASGI extension by which the application finds its connection."""
SLOW = 4290  # after which graphql-ws connects again, and resumes
_PATIENCE_S = 15  # with a client that takes nothing of what is written
_LOOK_S = 0.1
_FAREWELL_S = 5  # for what is written last, before the connection is cut
_BUFFER = 64 * 1024  # of the kernel, and as much of the process


_WRITABLE = asyncio.Event()  # of all connections that are; each would have one of a kilobyte
_WRITABLE.set()


class Inbox(asyncio.Queue[ASGIReceiveEvent]):
    """What one reader has not read yet: an empty queue of asyncio's takes three kilobytes."""

    def __init__(self) -> None:
        self._unread: list[ASGIReceiveEvent] = []
        self._reader: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        """Whether all was read."""
        return not self._unread

    def put_nowait(self, item: ASGIReceiveEvent) -> None:
        """Add a message."""
        self._unread.append(item)
        if self._reader and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> ASGIReceiveEvent:
        """Take the next message, when it is there."""
        while not self._unread:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        self._reader = None
        return self._unread.pop(0)


class SocketProtocol(WebSocketsSansIOProtocol):
    """One connection: what is written and not taken is bounded, in bytes and in time.

    uvicorn waits for ever until a client takes its last bytes, and can't be told to cut it off.
    """

    _stuck: TimerHandle | None = None
    _is_kicked = False

    def connection_made(self, transport: BaseTransport) -> None:
        """Bound what waits to be taken."""
        self.queue, self.writable = Inbox(), _WRITABLE
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=_BUFFER)
        if own := transport.get_extra_info("socket"):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)

    def pause_writing(self) -> None:
        """The buffer is full: from now on the client has a while to take it."""
        self.writable = asyncio.Event()
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(_PATIENCE_S, self.kick, SLOW, "Too slow")

    def resume_writing(self) -> None:
        """The client has taken it."""
        super().resume_writing()
        self.writable = _WRITABLE
        self._forgive()

    def handle_connect(self, event: Request) -> None:
        """Let the application have this connection itself."""
        super().handle_connect(event)
        if self.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            extensions: dict[str, object] = {**self.scope["extensions"], EXTENSION: self}
            self.scope["extensions"] = extensions  # type: ignore[typeddict-item] # ours is no dict

    def forget_handshake(self) -> None:
        """Give up what was said to make the connection: it would be kept until its end."""
        self.request.headers.clear()
        self.response.headers.clear()
        self.scope["headers"] = ()

    def hand(self, text: bytes) -> bool:
        """Write a text message at once; False if it can't be taken now."""
        if self.disconnected or self.close_sent or self._stuck is not None:
            return False
        self.transport.write(_head(len(text)) + text)
        return True

    async def idle(self) -> None:
        """Wait until the kernel has taken all that was written."""
        # asyncio tells only of buffers that were full
        while self.transport.get_write_buffer_size() and not self.disconnected:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)

    def kick(self, code: int, reason: str) -> None:
        """End the connection, whether the client listens or not."""
        self._forgive()
        if self.disconnected or self.close_sent:
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        try:
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
        except InvalidState:
            pass  # it is closing already
        self._is_kicked = self.close_sent = self.disconnected = True
        self.writable.set()  # whoever waits to send is told that it is over
        self.loop.call_later(_FAREWELL_S, self.transport.abort)

    def handle_close(self, event: Frame) -> None:
        """The client has said goodbye, or has heard ours."""
        super().handle_close(event)
        if self._is_kicked:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._forgive()
        super().connection_lost(exc)

    async def run_asgi(self) -> None:
        """Serve the connection; when that is done, it is cut if its client does not end it."""
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(_FAREWELL_S, self.transport.abort)

    def _forgive(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None


def _head(length: int) -> bytes:
    """What precedes a text of this length: it is whole, and not masked (RFC 6455, 5.2)."""
    if length < 126:  # noqa: PLR2004 - see there
        return bytes((0x81, length))
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2)
    return b"\x81\x7f" + length.to_bytes(8)
