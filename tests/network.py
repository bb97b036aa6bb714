"""A network between clients and a server, whose connections a test may cut, or hold up."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_NO_GOODBYE = struct.pack("ii", 1, 0)  # a reset instead of an end


def reset(own: socket.socket) -> None:
    """Have a socket end without a goodbye when it is closed."""
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_GOODBYE)


@dataclass(eq=False)
class Link:
    """One connection of a client, passed on to the server."""

    here: asyncio.StreamWriter
    there: asyncio.StreamWriter
    passes: asyncio.Event = field(default_factory=asyncio.Event)

    def cut(self) -> None:
        """End it as a lost network does: without a goodbye."""
        for writer in (self.here, self.there):
            if own := writer.get_extra_info("socket"):
                with suppress(OSError):
                    reset(own)
            writer.transport.abort()
        self.release()  # to nowhere

    def hold(self) -> None:
        """Pass on nothing more, and not the end of either side: it is half-open from now on."""
        self.passes.clear()

    def release(self) -> None:
        """Pass on again, and first what was held up."""
        self.passes.set()


@dataclass
class Network:
    """Passes everything on, to and fro."""

    to: str
    address: str = ""
    links: set[Link] = field(default_factory=set)
    is_held: bool = False
    trips: int = 0
    """How often clients have sent something: as many round trips, if they wait for answers."""

    def cut(self) -> None:
        """End all connections."""
        for link in self.links:
            link.cut()

    def hold(self) -> None:
        """Pass on nothing more, of new connections as well."""
        self.is_held = True
        for link in self.links:
            link.hold()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until either side ends it."""
        try:
            from_there, there = await asyncio.open_connection(*self.to.split(":"))
        except OSError:
            writer.transport.abort()
            return
        link = Link(writer, there)
        if not self.is_held:
            link.release()
        self.links.add(link)
        try:
            await asyncio.gather(
                self._pass(link, reader, there, is_sent=True),
                self._pass(link, from_there, writer, is_sent=False),
            )
        finally:
            self.links.discard(link)

    async def _pass(
        self,
        link: Link,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        is_sent: bool,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(2**16):
                self.trips += is_sent
                await link.passes.wait()
                writer.write(data)
                await writer.drain()
        await link.passes.wait()
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
