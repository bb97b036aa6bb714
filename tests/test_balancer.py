"""A balancer as `deploy/` configures it: processes are replaced behind it."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from databases import Both
from factories import Agency
from processes import SECONDS, Process
from running import run
from watched import Watched, watched

from models import Person
from server.embedded import Postgres, Valkey
from server.embedded.process import free_port

CONFIGURATION = Path(__file__).parent.parent / "deploy" / "haproxy.cfg"
HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
BOARD = "query Board { orders(first: 3) { edges { node { number } } } }"
CONNECTIONS = 500
"""As many as an address may have."""
FEED = "subscription ($id: ID!) { orderFeed(orderId: $id) { type } }"


@asynccontextmanager
async def balancer(folder: Path, *ports: int) -> AsyncIterator[Process]:
    """HAProxy in front of processes, as it is configured for compose."""
    listen, text = free_port(), CONFIGURATION.read_text()
    text = text.replace("bind :8080", f"bind 127.0.0.1:{listen}")
    for number, port in enumerate(ports, 1):
        text = text.replace(f"api-{number}:8000", f"127.0.0.1:{port}")
    (folder / "haproxy.cfg").write_text(text)
    process = await asyncio.create_subprocess_exec(
        *(str(HAPROXY), "-q", "-db", "-f", str(folder / "haproxy.cfg")),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Process(f"127.0.0.1:{listen}", process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def until_listening(public: Process) -> None:
    """Waits until the balancer takes connections; it may know no server yet."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                _, writer = await connected(public)
            except ConnectionError:
                await asyncio.sleep(0)
            else:
                writer.close()
                return


async def used(server: Watched, ask: Callable[[], Awaitable[None]]) -> None:
    """Asks until a server has answered something of what the balancer's clients asked."""
    async with asyncio.timeout(SECONDS):
        while not any(line.get("operation") == "Board" for line in server.lines):
            await ask()


@dataclass
class Client:
    """Somebody who asks for the board, again and again."""

    public: Process
    person: Person
    answered: int = 0
    is_over: bool = False

    async def ask(self) -> None:
        """Ask once; it must be answered."""
        board = await self.public.ask(self.person, BOARD)
        assert len(board["orders"]["edges"]) == 1

    async def ask_on(self) -> None:
        """Ask until it is over."""
        while not self.is_over:
            await self.ask()
            self.answered += 1


@pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed here")
async def test_processes_are_replaced_without_a_failed_request(
    agency: Agency, postgres: Postgres, database: Both, valkey: Valkey, tmp_path: Path
) -> None:
    del database  # migrated is all it has to be
    order = await agency.book()
    given = {"CALLSHEET_DRAIN_SECONDS": "5", "CALLSHEET_LOG_LEVEL": "info"}
    async with AsyncExitStack() as stack:

        async def start(port: int = 0) -> Watched:
            made = watched(postgres.url, valkey.url, port=port, settings=given)
            return await stack.enter_async_context(made)

        servers = [await start(), await start()]
        ports = [each.port for each in servers]
        public = await stack.enter_async_context(balancer(tmp_path, *ports))
        client = Client(public, agency.staff)
        async with asyncio.TaskGroup() as tasks:
            await until_listening(public)
            tasks.create_task(client.ask_on())
            for number in (0, 1):
                await used(servers[number], client.ask)
                await servers[number].end(signal.SIGTERM)
                servers[number] = await start(ports[number])
                await used(servers[number], client.ask)
            client.is_over = True
        assert client.answered > 20
        async with public.socket(agency.staff) as socket:
            await socket.subscribe("feed", FEED, id=order)
            assert (await socket.event("feed"))["type"] == "READY"
        for path in ("/metrics", "/ready"):
            assert await status(public, path, tmp_path) == "404"


@pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed here")
async def test_an_address_has_so_many_connections(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        public = await stack.enter_async_context(balancer(tmp_path, free_port(), free_port()))
        await until_listening(public)
        for _ in range(CONNECTIONS):
            last, writer = await connected(public)
            stack.callback(writer.close)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await head(*await connected(public))
        assert await head(last, writer) == b"HTTP/1.1 404 Not Found\r\n"


async def connected(public: Process) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the balancer."""
    host, port = public.address.split(":")
    return await asyncio.open_connection(host, int(port))


async def head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The first line that is answered to a request for what the balancer keeps to itself."""
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(SECONDS):
        return await reader.readuntil()


@pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed here")
async def test_processes_are_told_whose_request_it_is_and_not_what_the_client_says(
    tmp_path: Path,
) -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    async with AsyncExitStack() as stack:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        listening = await stack.enter_async_context(server)
        port = listening.sockets[0].getsockname()[1]
        public = await stack.enter_async_context(balancer(tmp_path, port, port))
        await until_listening(public)
        made_up = ("X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https")
        code, out, _ = await run(
            tmp_path, "curl", "-s", *(f"-H{each}" for each in made_up),
            *("--retry", "20", "--retry-delay", "1"), f"http://{public.address}/graphql",
        )  # fmt: skip
        assert (code, out) == (0, "ok")
    (asked,) = (head.decode().lower() for head in heads if b"/graphql" in head)
    told = [line for line in asked.splitlines() if line.startswith("x-forwarded-")]
    assert sorted(told) == ["x-forwarded-for: 127.0.0.1", "x-forwarded-proto: http"]


async def status(public: Process, path: str, folder: Path) -> str:
    """What the balancer answers at a path."""
    url = f"http://{public.address}{path}"
    code, out, _ = await run(folder, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url)
    assert code == 0
    return out
