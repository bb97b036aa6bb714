"""GraphQL over WebSocket, by the graphql-transport-ws protocol of graphql-ws."""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, NoReturn
from uuid import UUID

import orjson
from orjson import Fragment
from starlette.datastructures import Headers
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from core.errors import Invalid, RateLimited, Unauthenticated, Unavailable
from models import new_id
from server import turns
from server.answers import Answer, answers
from server.bills import Bill
from server.callers import LOGIN, Caller, login
from server.errors import formatted
from server.operations import encode
from server.sockets import EXTENSION, SocketProtocol
from server.state import State

_PROTOCOL = "graphql-transport-ws"
_INIT_S = 10
_SILENCE_S = 25  # after which a client is asked for a sign of life
_ANSWER_S = 10  # which it has to give within this time
_FAREWELL_S = 1
_UNHEARD_S = 5  # after which it is tried whether a client is there that is not listened to
_OPERATIONS_LIMIT = 100
_MESSAGES_PER_SECOND = 50
_MESSAGES_AT_ONCE = 500
_GONE = (WebSocketDisconnect, WebSocketDisconnected)


class Closed(Exception):
    """The connection ends, with a code that tells the client why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:123].decode(errors="ignore")  # what a close frame can hold


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
    state: State = websocket.app.state.callsheet
    connection = Connection(websocket, state)
    with state.observer.socket():
        try:
            await connection.serve(await connection.greet())
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


class Pace:
    """How fast a client is listened to: it may say so much at once, and so much each second."""

    def __init__(self) -> None:
        self._spent_until = -math.inf

    async def keep(self) -> None:
        """Wait, if the client has said too much."""
        now = asyncio.get_running_loop().time()
        earliest = now - _MESSAGES_AT_ONCE / _MESSAGES_PER_SECOND
        self._spent_until = max(self._spent_until, earliest) + 1 / _MESSAGES_PER_SECOND
        if self._spent_until > now:
            await asyncio.sleep(self._spent_until - now)


class Connection:
    """One client: who it is, and the operations it runs."""

    def __init__(self, websocket: WebSocket, state: State) -> None:
        self._websocket = websocket
        # By themselves: `websocket.headers` would keep all of them.
        headers = Headers(scope=websocket.scope)
        self._handshake = {name: headers[name] for name in LOGIN if name in headers}
        self._socket: SocketProtocol = websocket.scope["extensions"][EXTENSION]
        self._socket.forget_handshake()
        self._state = state
        self._login: tuple[str | None, UUID | None] = (None, None)
        self._caller: Caller | None = None  # until the client has said who it is
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._pace = Pace()

    async def greet(self) -> Caller:
        """Handle messages until the client has said who it is."""
        async with _within(_INIT_S, 4408, "Connection initialisation timeout"):
            while not self._caller:
                await self._handle(await self._receive())
            return self._caller

    async def serve(self, caller: Caller) -> None:
        """Handle messages until the connection ends."""
        try:
            async with self._state.callers.while_good(caller):
                while True:
                    await self._handle(await self._receive())
                    await asyncio.sleep(0)  # others are next, however much has come of this one
        except Unauthenticated as error:
            raise Closed(4403, str(error)) from error

    async def stop(self) -> None:
        """End all operations, one after the other: what each leaves takes a while to clear."""
        if self._caller:
            self._state.sockets.leave(self._caller.viewer.id)
        tasks = list(self._operations.values())
        try:
            for task in tasks:
                task.cancel()
                await asyncio.wait([task])
        finally:
            for task in tasks:  # if this is cancelled itself
                task.cancel()

    async def _receive(self) -> dict[str, Any]:
        await self._pace.keep()
        message = await self._next()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        try:
            decoded = orjson.loads(message.get("text") or "")
        except orjson.JSONDecodeError:
            decoded = None
        if not isinstance(decoded, dict):
            raise Closed(4400, "Messages must be JSON objects, as text")
        return decoded

    async def _next(self) -> Message:
        """What comes next, if anything does: a phone that left the network says no goodbye."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SILENCE_S):
                return await self._websocket.receive()
        async with _within(_ANSWER_S, 1001, "No sign of life"):
            await self._send({"type": "ping"})
            return await self._websocket.receive()

    async def _handle(self, message: dict[str, Any]) -> None:
        match message:
            case {"type": "connection_init"}:
                await self._initialise(message.get("payload"))
            case {"type": "ping"}:
                await self._send({**message, "type": "pong"})
            case {"type": "pong"}:
                pass
            case {"type": "subscribe", "id": str(id)} if id:
                await self._subscribe(id, message.get("payload"))
            case {"type": "complete", "id": str(id)} if id:
                await self._complete(id)
            case _:
                raise Closed(4400, "Unknown or malformed message")

    async def _initialise(self, payload: object) -> None:
        if self._caller:
            raise Closed(4429, "Too many initialisation requests")
        if not isinstance(payload, dict | None):
            raise Closed(4400, "The payload of connection_init must be an object")
        given = {key.lower(): value for key, value in (payload or {}).items() if value}
        try:
            self._login = login(self._handshake | given)
            caller = await self._state.callers.of(*self._login)
        except Unauthenticated as error:
            await self._refuse(error)
        except Exception as error:
            request_id = str(new_id())
            formatted(error, request_id)  # logs it
            raise Closed(1013, f"Try again later ({request_id})") from error
        await self._let_in(caller)
        await self._send({"type": "connection_ack"})

    async def _let_in(self, caller: Caller) -> None:
        """Take one of the person's places for connections, in turn: each is some work."""
        try:
            budget = self._state.budget(caller)
            async with self._state.turns.one(("WebSocket", budget.who)) as turn:
                turn.least_s = turns.SOCKET_S
                Bill(budget)
                self._state.sockets.take(caller.viewer.id)
                self._caller = caller  # at once: `stop` gives the place back of whom it knows
        except (RateLimited, Unavailable) as error:
            raise Closed(1013, str(error)) from error

    async def _refuse(self, error: Unauthenticated) -> NoReturn:
        """End the connection; its address pays for that, as for a request by HTTP."""
        client = self._websocket.client
        budget = self._state.address_budget(client.host if client else "")
        try:
            async with self._state.turns.one(budget.who):
                Bill(budget)
                raise Closed(4403, "Forbidden") from error
        except RateLimited as limited:
            raise Closed(1013, str(limited)) from limited

    async def _subscribe(self, id: str, payload: object) -> None:
        if not self._caller:
            raise Closed(4401, "Unauthorized")
        if id in self._operations:
            raise Closed(4409, f"Subscriber for {id} already exists")
        if len(self._operations) >= _OPERATIONS_LIMIT:
            refusal = Invalid("id", f"{_OPERATIONS_LIMIT} operations at a time are the limit.")
            await self._send({"id": id, "type": "error", "payload": [formatted(refusal, "")]})
            return
        understood = asyncio.Event()
        task = self._operations[id] = asyncio.create_task(self._run(id, payload, understood))
        task.add_done_callback(lambda _: self._operations.pop(id))
        await self._let_wait(understood)

    async def _let_wait(self, understood: asyncio.Event) -> None:
        """Listen to nothing else of a client until an operation of it has had its turn."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_UNHEARD_S):
                    await understood.wait()
                    return
            await self._send({"type": "ping"})  # which fails if the client has left

    async def _complete(self, id: str) -> None:
        if task := self._operations.get(id):
            task.cancel()
            await asyncio.wait([task])  # the id can be used again when it has ended

    async def _run(self, id: str, payload: object, understood: asyncio.Event) -> None:
        """Run one operation; whatever it fails with ends it, and no other."""
        request_id = str(new_id())
        head, end = b'{"id":' + encode(id) + b',"type":"next","payload":', b"}"

        def hand(answer: Answer) -> bool:
            return not answer.is_refusal and self._socket.hand(head + answer.json + end)

        last: dict[str, Any] = {"id": id, "type": "complete"}
        # If the client is gone, the reader ends the connection.
        with suppress(*_GONE), self._state.observer.watch(request_id, "websocket"):
            try:
                try:
                    told = await self._answers(payload, request_id, hand)
                finally:
                    understood.set()
                del payload, understood  # a subscription would keep them
                async with aclosing(told):
                    async for answer in told:
                        if answer.is_refusal:
                            last = {"id": id, "type": "error", "payload": Fragment(answer.json)}
                            break
                        await self._websocket.send_text((head + answer.json + end).decode())
            except _GONE:
                raise
            except Exception as error:  # noqa: BLE001 - a bug ends its operation only; it is logged
                last = {"id": id, "type": "error", "payload": [formatted(error, request_id)]}
            await self._send(last)

    async def _answers(
        self, payload: object, request_id: str, hand: Callable[[Answer], bool]
    ) -> AsyncGenerator[Answer, None]:
        caller = await self._state.callers.of(*self._login)
        context, budget = self._state.context(caller), self._state.budget(caller)
        async with self._state.turns.before(budget.who):
            bill = Bill(budget)
        operation = await self._state.operation(payload, context, bill)
        return answers(
            self._state.schema,
            operation,
            context,
            request_id,
            bill=bill,
            hand=hand,
            ready=self._socket.idle,
        )

    async def _send(self, message: dict[str, Any]) -> None:
        await self._websocket.send_text(encode(message).decode())
