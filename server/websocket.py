"""GraphQL over WebSocket, by the graphql-transport-ws protocol of graphql-ws."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import orjson
import uuid_utils.compat
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from core.context import Context
from core.errors import Invalid, Unauthenticated
from server.errors import all_formatted, formatted
from server.operations import Operation, encode
from server.state import State
from server.tokens import bearer

_PROTOCOL = "graphql-transport-ws"
_INIT_TIMEOUT_S = 10
_PING_INTERVAL_S = 25
_OPERATIONS_LIMIT = 100
_WATCH = ""  # no operation has this id


class Closed(Exception):
    """The connection ends, with a code that tells the client why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def graphql(websocket: WebSocket) -> None:
    """Serve one connection until it ends."""
    if _PROTOCOL not in websocket.scope["subprotocols"]:
        await websocket.accept()
        await websocket.close(4406, "Subprotocol not acceptable")
        return
    await websocket.accept(subprotocol=_PROTOCOL)
    connection = Connection(websocket, websocket.app.state.callsheet)
    try:
        await connection.serve()
    except Closed as end:
        with suppress(WebSocketDisconnect, RuntimeError):  # the client may have gone first
            await websocket.close(end.code, end.reason)
    except WebSocketDisconnect:
        pass
    finally:
        await connection.stop()


class Connection:
    """One client: who it is, and the operations it runs."""

    def __init__(self, websocket: WebSocket, state: State) -> None:
        self._websocket = websocket
        self._state = state
        self._token: str | None = None
        self._initialised = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._heard = True

    async def serve(self) -> None:
        """Handle messages until the connection ends."""
        try:
            async with asyncio.timeout(_INIT_TIMEOUT_S):
                while not self._initialised:
                    await self._handle(await self._receive())
        except TimeoutError:
            raise Closed(4408, "Connection initialisation timeout") from None
        self._tasks[_WATCH] = asyncio.create_task(self._watch())
        while True:
            await self._handle(await self._receive())

    async def stop(self) -> None:
        """End all operations."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> dict[str, Any]:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        self._heard = True
        try:
            decoded = orjson.loads(message.get("text") or "")
        except orjson.JSONDecodeError:
            decoded = None
        if not isinstance(decoded, dict):
            raise Closed(4400, "Messages must be JSON objects, as text")
        return decoded

    async def _handle(self, message: dict[str, Any]) -> None:
        match message:
            case {"type": "connection_init"}:
                await self._initialise(message.get("payload"))
            case {"type": "ping"}:
                await self._send({"type": "pong"})
            case {"type": "pong"}:
                pass
            case {"type": "subscribe", "id": str(id), "payload": dict(payload)} if id:
                await self._subscribe(id, payload)
            case {"type": "complete", "id": str(id)} if id:
                if task := self._tasks.pop(id, None):
                    task.cancel()
            case _:
                raise Closed(4400, "Unknown or malformed message")

    async def _initialise(self, payload: object) -> None:
        if self._initialised:
            raise Closed(4429, "Too many initialisation requests")
        if payload is not None and not isinstance(payload, dict):
            raise Closed(4400, "The payload of connection_init must be an object")
        given = {key.lower(): value for key, value in (payload or {}).items()}
        header = given.get("authorization") or self._websocket.headers.get("authorization")
        self._token = bearer(header)
        try:
            await self._context()
        except Unauthenticated as error:
            raise Closed(4403, "Forbidden") from error
        self._initialised = True
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, id: str, payload: dict[str, Any]) -> None:
        if not self._initialised:
            raise Closed(4401, "Unauthorized")
        if id in self._tasks:
            raise Closed(4409, f"Subscriber for {id} already exists")
        if len(self._tasks) > _OPERATIONS_LIMIT:
            refusal = Invalid("id", f"{_OPERATIONS_LIMIT} operations at a time are the limit.")
            await self._send({"id": id, "type": "error", "payload": [formatted(refusal, "")]})
            return
        self._tasks[id] = asyncio.create_task(self._run(id, payload))

    async def _run(self, id: str, payload: dict[str, Any]) -> None:
        """Run one operation; whatever it fails with ends it, and no other."""
        request_id = str(uuid_utils.compat.uuid7())
        last: dict[str, Any] = {"id": id, "type": "complete"}
        try:
            async with aclosing(self._results(payload)) as results:
                async for result in results:
                    errors = all_formatted(result.errors, request_id)
                    if isinstance(result, PreExecutionError):
                        last = {"id": id, "type": "error", "payload": errors}
                        break
                    answer = {"data": result.data, **({"errors": errors} if errors else {})}
                    await self._send({"id": id, "type": "next", "payload": answer})
        except (WebSocketDisconnect, RuntimeError):
            return  # the connection has gone; its reader ends it
        except Exception as error:  # noqa: BLE001 - a bug ends its operation only; it is logged
            last = {"id": id, "type": "error", "payload": [formatted(error, request_id)]}
        finally:
            if self._tasks.get(id) is asyncio.current_task():
                del self._tasks[id]
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._send(last)

    async def _results(
        self, payload: dict[str, Any]
    ) -> AsyncGenerator[ExecutionResult | PreExecutionError, None]:
        operation = Operation.parse(payload)
        stream = await self._state.schema.stream(
            operation.query,
            operation.variables,
            await self._context(),
            operation_name=operation.name,
        )
        async with aclosing(stream):
            async for result in stream:
                if not isinstance(result, ExecutionResult | PreExecutionError):
                    raise Invalid("query", "@defer and @stream are not supported.")
                yield result

    async def _context(self) -> Context:
        return await self._state.context(self._token)

    async def _watch(self) -> None:
        """End a connection that has gone silent: a phone that left the network says no goodbye."""
        with suppress(WebSocketDisconnect, RuntimeError):
            while self._heard:
                self._heard = False
                await self._send({"type": "ping"})
                await asyncio.sleep(_PING_INTERVAL_S)
            await self._websocket.close(1001, "No sign of life")

    async def _send(self, message: dict[str, Any]) -> None:
        await self._websocket.send_text(encode(message).decode())
