"""Servers that faults happen to: they are stopped by force, and come back where they were."""

import asyncio
import signal
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from network import Network
from processes import http_client
from watched import Watched, watched

from server.embedded import Postgres, Valkey

METRICS = "a token for metrics, in tests"
LOSSY = """
import asyncio, random
from subscriptions.bus import Bus
publish = Bus.publish
def lossy(self, *told):
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        late = random.choice((0, 0, random.random() / 20))
        asyncio.get_running_loop().call_later(late, publish, self, *told)
Bus.publish = lossy
"""
"""Has a server lose, double and delay what it publishes, by chance."""


class Fragile(Postgres):
    """Postgres that crashes when it is stopped, as if it was killed."""

    farewell = signal.SIGQUIT

    def welcome(self) -> None:
        """Make the role and its database; they are there when it comes back while a test runs."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            super().welcome()


@dataclass(eq=False)
class Served:
    """A server process behind a network."""

    postgres: Postgres
    valkey: Valkey
    way: Network
    first: str = ""
    process: Watched | None = None
    bugs: Counter[str] = field(default_factory=Counter)
    """The last lines of tracebacks that it has logged."""
    _held: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        """Start it; at the same address, if it comes back."""
        port = int(self.way.to.rpartition(":")[2] or 0)
        settings = {"CALLSHEET_METRICS_TOKEN": METRICS, "CALLSHEET_SLOW_MS": "60000"}
        urls = self.postgres.url, self.valkey.url
        begun = watched(*urls, port=port, first=self.first, settings=settings)
        self.process = await self._held.enter_async_context(begun)
        self.way.to = self.process.address

    async def end(self, number: signal.Signals) -> None:
        """Send it a signal that ends it, and wait for that."""
        if self.process:
            self.process.process.send_signal(number)
            await self.process.process.wait()
            self.look()
            self.process = None
            await self._held.aclose()

    def look(self) -> None:
        """Note what it has logged of bugs."""
        for line in self.process.lines if self.process else ():
            if told := line.get("exception"):
                self.bugs[str(told).strip().splitlines()[-1]] += 1

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.process:
            self.process.process.send_signal(number)

    async def metric(self, name: str, *, but: str = "\n") -> float:
        """What it tells of itself under a name, all labels together, but for some."""
        async with http_client() as client:
            headers = {"Authorization": f"Bearer {METRICS}"}
            told = await client.get(f"http://{self.way.to}/metrics", headers=headers)
        lines = [line.rpartition(" ") for line in told.text.splitlines() if line[:1] != "#"]
        return sum(
            float(value)
            for what, _, value in lines
            if what.split("{")[0] == name and but not in what
        )
