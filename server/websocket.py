"""GraphQL over WebSocket, by the graphql-transport-ws protocol of graphql-ws."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, cast

import orjson
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected
from strawberry.types import ExecutionResult

from core.errors import Invalid, Unauthenticated
from models import new_id
from server.errors import answer, formatted
from server.operations import Operation, encode
from server.state import State
from server.tokens import bearer

_PROTOCOL = "graphql-transport-ws"
_INIT_S = 10
_SILENCE_S = 25  # after which a client is asked for a sign of life
_ANSWER_S = 10  # which it has to give within this time
_FAREWELL_S = 1
_OPERATIONS_LIMIT = 100
_GONE = (WebSocketDisconnect, WebSocketDisconnected)


class Closed(Exception):
    """The connection ends, with a code that tells the client why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def graphql(websocket: WebSocket) -> None:
    """Serve one connection until it ends."""
    with suppress(*_GONE):  # a client may go at any moment
        try:
            await _serve(websocket)
        except Closed as end:
            with suppress(TimeoutError):  # a client that does not read can't be told
                async with asyncio.timeout(_FAREWELL_S):
                    await websocket.close(end.code, end.reason)


async def _serve(websocket: WebSocket) -> None:
    if _PROTOCOL not in websocket.scope["subprotocols"]:
        await websocket.accept()
        raise Closed(4406, "Subprotocol not acceptable")
    await websocket.accept(subprotocol=_PROTOCOL)
    connection = Connection(websocket, websocket.app.state.callsheet)
    try:
        await connection.greet()
        await connection.serve()
    finally:
        await connection.stop()


@asynccontextmanager
async def _within(seconds: float, code: int, reason: str) -> AsyncIterator[None]:
    """Closes the connection if what is in the block takes longer."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise Closed(code, reason) from None
        raise


class Connection:
    """One client: who it is, and the operations it runs."""

    def __init__(self, websocket: WebSocket, state: State) -> None:
        self._websocket = websocket
        self._state = state
        self._token: str | None = None
        self._expires_at: float | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def greet(self) -> None:
        """Handle messages until the client has said who it is."""
        async with _within(_INIT_S, 4408, "Connection initialisation timeout"):
            while self._expires_at is None:
                await self._handle(await self._receive())

    async def serve(self) -> None:
        """Handle messages until the connection ends."""
        assert self._expires_at
        async with _within(self._expires_at - time.time(), 4403, "The token has expired"):
            while True:
                await self._handle(await self._receive())
