"""Clients that come and go, thousands of them, and what a server has left of them: `make faults`.

By WebSocket, SSE and multipart; they end by `complete`, by a goodbye, or by a reset.
"""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import orjson
import typer
from databases import Both
from factories import Agency
from fault_servers import Served
from network import network, reset
from processes import SECONDS, Address, token
from streaming import EVENTS, FEED, PARTS, streaming

from models import Person
from server.embedded import Postgres, Valkey
from subscriptions.bus import Bus
from subscriptions.hub import Hub

AT_ONCE = 20
_IN_CACHES = 1_000
LEFT = """
import asyncio, gc, json, signal
def tell(*_):
    gc.collect()
    print(json.dumps([len(asyncio.all_tasks()), len(gc.get_objects())]), flush=True)
signal.signal(signal.SIGUSR1, tell)
"""
"""Has a server tell on SIGUSR1 how many tasks and objects it has."""


@dataclass(frozen=True)
class Left:
    """What a server has: of clients, it must be nothing once they are gone."""

    subscribers: int
    topics: int
    sockets: int
    streams: int
    tasks: int
    files: int
    """File descriptors, but for connections to the database."""
    objects: int
    """Those that the garbage collector knows."""
    memory_kib: int

    def __str__(self) -> str:
        return (
            f"{self.tasks} tasks, {self.files} files, {self.objects} objects, "
            f"{self.memory_kib / 1024:.1f} MiB"
        )


async def left(server: Served) -> Left:
    """What a server has now."""
    assert server.process
    process = server.process.process
    assert process.stdout
    process.send_signal(signal.SIGUSR1)
    while not (line := await process.stdout.readline()).startswith(b"["):
        assert line, "the server has ended"
    tasks, objects = orjson.loads(line)
    database = await server.metric("callsheet_pool_connections", but="limit")
    own = Path(f"/proc/{process.pid}")
    (memory,) = re.findall(r"VmRSS:\s+(\d+)", (own / "status").read_text())
    return Left(
        subscribers=int(await server.metric("callsheet_log_subscribers")),
        topics=int(await server.metric("callsheet_log_topics")),
        sockets=int(await server.metric("callsheet_sockets")),
        streams=int(await server.metric("callsheet_streams")),
        tasks=tasks,
        files=len(list((own / "fd").iterdir())) - int(database),
        objects=objects,
        memory_kib=int(memory),
    )


async def come_and_go(server: Address, person: Person, secret: str, order: str, how: str) -> None:
    """Subscribe, be ready, and end: by WebSocket, or over HTTP."""
    by, _, end = how.partition(" ")
    if by != "websocket":
        accept = {"events": EVENTS, "parts": PARTS}[by]
        async with streaming(server, person, FEED, accept, secret=secret, id=order) as stream:
            await stream.event()
            if end == "reset":
                reset(stream.response.extensions["network_stream"].get_extra_info("socket"))
        return
    async with server.socket(secret) as client:
        await client.subscribe("1", FEED, id=order)
        if end != "early":
            await client.event("1")
        if end == "complete":
            await client.send({"id": "1", "type": "complete"})
        if end in ("reset", "early"):
            reset(client.raw.transport.get_extra_info("socket"))
            client.cut()


WAYS = [
    *(f"websocket {end}" for end in ("goodbye", "complete", "reset", "early")),
    *(f"{by} {end}" for by in ("events", "parts") for end in ("goodbye", "reset")),
]


async def cycles(server: Served, agency: Agency, order: str, secret: str, count: int) -> None:
    """So many clients that come and go, some at a time."""
    assert server.process
    address = Address(server.process.address)
    ways = iter(WAYS[i % len(WAYS)] for i in range(count))

    async def work() -> None:
        for how in ways:
            await come_and_go(address, agency.staff, secret, order, how)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def settled(server: Served, before: Left | None = None) -> Left:
    """What the server has when all clients are gone, and what it had for them has ended."""
    async with asyncio.timeout(SECONDS):
        while True:
            now = await left(server)
            is_free = not (now.subscribers or now.topics or now.sockets or now.streams)
            if is_free and (before is None or not leaks(before, now)):
                return now


@asynccontextmanager
async def served(postgres: Postgres, valkey: Valkey) -> AsyncIterator[Served]:
    """A server that tells what it has."""
    async with network("") as way:
        server = Served(postgres, valkey, way, LEFT)
        await server.start()
        try:
            yield server
        finally:
            await server.end(signal.SIGTERM)


async def run(postgres: Postgres, valkey: Valkey, count: int) -> tuple[Left, Left]:
    """What a server has after some clients, and after so many more."""
    database = Both(postgres)
    hub = Hub(database, Bus(valkey.url))
    await database.migrate()
    await hub.start()
    try:
        agency = await Agency.make(database, hub)
        order, secret = await agency.book(), token(agency.staff, timedelta(hours=9))
        async with served(postgres, valkey) as server:
            await cycles(server, agency, order, secret, count // 10)
            before = await settled(server)
            await cycles(server, agency, order, secret, count)
            return before, await settled(server, before)
    finally:
        await hub.stop()
        await database.close()


def main(
    cycles: Annotated[int, typer.Option(help="How many clients come and go.")] = 10_000,
) -> None:
    """Have clients come and go, and fail if anything is left of them."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)  # Postgres may be somebody else
        with Postgres(path / "postgres") as postgres, Valkey(path / "valkey") as valkey:
            before, after = asyncio.run(run(postgres, valkey, cycles))
    typer.echo(f"{cycles} clients came and went, and nothing is left of them")
    typer.echo(f"before: {before}\nafter:  {after}")


def leaks(before: Left, after: Left) -> bool:
    """Whether there is more than before; caches may have grown a little."""
    more = after.tasks > before.tasks or after.files > before.files
    return more or after.objects > before.objects + _IN_CACHES


if __name__ == "__main__":
    typer.run(main)
