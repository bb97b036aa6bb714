"""Server processes as `make serve` starts them, and clients that talk to them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import orjson
from factories import SECRET as SECRET
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from core.tokens import Tokens
from core.viewer import scopes_in
from models import Person

SECONDS = 20
START_S = 180  # a start takes seconds of a core, which others may have


def token(person: Person, lifetime: timedelta = timedelta(minutes=10), scope: str = "") -> str:
    """A token of `person`, good for everything unless a scope is named."""
    scopes = scopes_in(scope or "read write")
    return Tokens(SECRET).issue(person, scopes, lifetime)


def _header(by: Person | str) -> str:
    return f"Bearer {by if isinstance(by, str) else token(by)}"


def http_client(timeout: float = SECONDS) -> httpx2.AsyncClient:
    """A client for servers without TLS: certificates would take longer to load than a request."""
    return httpx2.AsyncClient(timeout=timeout, verify=False)


@dataclass
class Address:
    """Where a server answers, or a network before it."""

    address: str
    patience: float = field(default=SECONDS, kw_only=True)
    """How many seconds an answer may take."""

    async def ask(self, by: Person | str, query: str, /, **variables: Any) -> dict[str, Any]:
        """The data of an answer, to a person or who holds a token, that must have no errors."""
        answer = await self.answer(by, query, **variables)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def answer(self, by: Person | str, query: str, /, **variables: Any) -> dict[str, Any]:
        """The whole of an answer."""
        async with http_client(self.patience) as client:
            response = await client.post(
                f"http://{self.address}/graphql",
                json={"query": query, "variables": variables},
                headers={"Authorization": _header(by)},
            )
        answer: dict[str, Any] = response.json()
        return answer

    @asynccontextmanager
    async def socket(self, by: Person | str, **more: str) -> AsyncIterator["Socket"]:
        """A WebSocket of a person, or of who holds a token and says more; initialised."""
        async with self.raw_socket() as raw:
            socket = Socket(raw)
            payload = {"Authorization": _header(by), **more}
            await socket.send({"type": "connection_init", "payload": payload})
            assert (await socket.receive())["type"] == "connection_ack"
            yield socket

    def raw_socket(self, protocol: str = "graphql-transport-ws", **headers: str) -> connect:
        """A WebSocket that has said nothing yet, but for headers."""
        url, protocols = f"ws://{self.address}/graphql", [Subprotocol(protocol)]
        return connect(url, subprotocols=protocols, additional_headers=headers)


@dataclass
class Process(Address):
    """A running server."""

    process: asyncio.subprocess.Process


@dataclass
class Socket:
    """The client's end of a graphql-transport-ws connection."""

    raw: ClientConnection

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        await self.raw.send(orjson.dumps(message).decode())

    async def receive(self) -> dict[str, Any]:
        """The next message that is not a ping, which is answered."""
        async with asyncio.timeout(SECONDS):
            message: dict[str, Any] = orjson.loads(await self.raw.recv())
        if message["type"] == "ping":
            await self.send({"type": "pong"})
            return await self.receive()
        return message

    async def subscribe(self, id: str, query: str, /, **variables: Any) -> None:
        """Start an operation."""
        payload = {"query": query, "variables": variables}
        await self.send({"id": id, "type": "subscribe", "payload": payload})

    async def event(self, id: str) -> dict[str, Any]:
        """The next event of an operation: the value of its one field."""
        message = await self.receive()
        assert message["type"] == "next", message
        assert message["id"] == id
        assert "errors" not in message["payload"], message
        value: dict[str, Any]
        (value,) = message["payload"]["data"].values()
        return value

    def cut(self) -> None:
        """End the connection as a lost network does: without a goodbye."""
        self.raw.transport.abort()


async def closed(raw: ClientConnection) -> int | None:
    """With which code the server closes a connection."""
    async with asyncio.timeout(SECONDS):
        await raw.wait_closed()
    return raw.close_code


def environment(database_url: str, redis_url: str) -> dict[str, str]:
    """The environment of a server process over these servers, without the demo."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CALLSHEET_SECRET": SECRET,
        "CALLSHEET_DEMO": "false",
        "CALLSHEET_LOG_LEVEL": "warning",
        "PYTHONUNBUFFERED": "1",
    }


@asynccontextmanager
async def serve(database_url: str, redis_url: str, **more: str) -> AsyncIterator[Process]:
    """A server process on a free port, with more in its environment, ended at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "server", "serve", "--port", "0"),
        env=environment(database_url, redis_url) | more,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_S):
            while not (line := (await process.stdout.readline()).decode()).startswith("API"):
                assert line, "the server ended before it was ready"
        yield Process(line.split("//")[1].split("/")[0], process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
