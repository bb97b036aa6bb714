"""A network between clients and a server, whose connections a test may cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Network:
    """Passes everything on, to and fro."""

    to: str
    address: str = ""
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    trips: int = 0
    """How often clients have sent something: as many round trips, if they wait for answers."""

    def cut(self) -> None:
        """End all connections as a lost network does: without a goodbye."""
        for writer in self.writers:
            writer.transport.abort()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until either side ends it."""
        try:
            there = await asyncio.open_connection(*self.to.split(":"))
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, there[1]}
        try:
            await asyncio.wait(
                [
                    asyncio.ensure_future(self._pass(reader, there[1], is_sent=True)),
                    asyncio.ensure_future(self._pass(there[0], writer, is_sent=False)),
                ]
            )
        finally:
            self.writers -= {writer, there[1]}

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_sent: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(2**16):
                self.trips += is_sent
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def network(to: str) -> AsyncIterator[Network]:
    """Such a network before an address; it has an address of its own."""
    between = Network(to)
    async with await asyncio.start_server(between.connect, "127.0.0.1", 0) as listening:
        host, port = listening.sockets[0].getsockname()
        between.address = f"{host}:{port}"
        yield between
        listening.close()
        between.cut()
