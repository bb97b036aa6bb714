"""A server process whose log is read, and whose port and constants may be chosen."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import orjson
from processes import SECONDS, START_S, Process, environment


@dataclass
class Watched(Process):
    """A running server, and what it has logged."""

    file: Path

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self.file.read_text()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines that it has logged so far."""
        return [orjson.loads(line) for line in self.log.splitlines()]

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.address.rpartition(":")[2])

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status, after a signal that ends it."""
        self.process.send_signal(number)
        async with asyncio.timeout(SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def watched(
    database_url: str,
    redis_url: str,
    *,
    port: int = 0,
    first: str = "",
    settings: Mapping[str, str] = {},
) -> AsyncIterator[Watched]:
    """A server process, ended at the end.

    `first` is Python that it runs before anything else, `settings` are of its environment.
    """
    with NamedTemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", f"{first}\nfrom server.commands import cli; cli()"),
            *("serve", "--port", str(port)),
            env={**environment(database_url, redis_url), **settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(START_S):
                while not (line := (await process.stdout.readline()).decode()).startswith("API"):
                    assert line, "the server ended before it was ready"
            yield Watched(line.split("//")[1].split("/")[0], process, Path(log.name))
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()


# A machine that is busy with tests answers late, which is logged like an outage.
PATIENT = """
from subscriptions import budgets, bus
bus.PUBLISH_TIMEOUT_S = bus.ANSWER_TIMEOUT_S = budgets.ANSWER_TIMEOUT_S = 20
"""


@asynccontextmanager
async def quiet(database_url: str, redis_url: str, *, first: str = "") -> AsyncIterator[Watched]:
    """A server process that logs nothing, whatever clients do."""
    settings = {"CALLSHEET_SLOW_MS": "60000"}
    async with watched(database_url, redis_url, first=PATIENT + first, settings=settings) as server:
        yield server
        await server.end()
        assert not server.log, server.log
