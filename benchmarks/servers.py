"""The servers that are measured: how each is started, on which processor, and what it uses."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.stage import FOLDER, SECRET, Stage

ROOT = Path(__file__).parent.parent
PEERS = Path(__file__).parent / "peers"
PROCESSORS = frozenset(os.sched_getaffinity(0))
_ARCHITECTURE = {"x86_64": "x64", "aarch64": "arm64"}
NODE = PEERS / f"node_modules/node-linux-{_ARCHITECTURE.get(platform.machine(), '')}/bin/node"


@dataclass(frozen=True)
class Server:
    """A server that can be measured."""

    name: str
    title: str
    command: Sequence[str]
    sqlalchemy: bool = False
    """Whether it wants the database's address as SQLAlchemy writes it."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What else is in its environment."""


OURS = Server(
    "callsheet",
    "Callsheet",
    (sys.executable, "-m", "server", "serve", "--port", "0"),
    sqlalchemy=True,
    # There is no end to it, and what is left of it has always ten digits.
    settings={"CALLSHEET_PERSON_POINTS": "2000000000"},
)
SERVERS = (
    OURS,
    Server(
        "mercurius",
        "Mercurius 16, graphql-jit, DataLoader, pg",
        (str(NODE), str(PEERS / "mercurius.mjs")),
    ),
    Server(
        "yoga",
        "GraphQL Yoga 5, DataLoader, pg",
        (str(NODE), str(PEERS / "yoga.mjs")),
    ),
    Server(
        "postgraphile",
        "PostGraphile 5",
        (str(NODE), str(PEERS / "postgraphile.mjs")),
    ),
    Server(
        "strawberry",
        "Strawberry, DataLoader, SQLAlchemy ORM",
        (sys.executable, "-m", "benchmarks.peers.plain"),
        sqlalchemy=True,
    ),
)


@dataclass(frozen=True)
class Running:
    """A server that runs."""

    server: Server
    url: str
    pid: int

    def cpu_s(self) -> float:
        """The processor time it has used, in seconds."""
        return cpu_s(self.pid)

    def memory_mib(self, of: str = "VmRSS") -> float:
        """The memory it occupies now, or has occupied at most (VmHWM)."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (kib,) = (line.split()[1] for line in lines if line.startswith(f"{of}:"))
        return int(kib) / 1024

    def forget_peak(self) -> None:
        """Count the memory it occupies at most from now on."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


def cpu_s(pid: int) -> float:
    """The processor time of a process and of all that it has started, in seconds."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            fields = stat.read_text().rpartition(")")[2].split()
            if int(stat.parent.name) == pid:
                ticks += sum(map(int, fields[11:15]))  # its own, and of its children that ended
            elif int(fields[1]) == pid:
                ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _database(server: Server, stage: Stage) -> str:
    """The database's address: the peers own it, as what keeps agencies apart in it is ours."""
    if server is OURS:
        return stage.postgres.url
    return stage.postgres.owner_url if server.sqlalchemy else stage.url


@contextmanager
def running(server: Server, stage: Stage) -> Iterator[Running]:
    """The server, on a processor of its own if there are two."""
    environment = {
        **os.environ,
        "DATABASE_URL": _database(server, stage),
        "REDIS_URL": stage.redis_url,
        "CALLSHEET_SECRET": SECRET,
        "CALLSHEET_DEMO": "false",
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "PYTHONUNBUFFERED": "1",
        **server.settings,
    }
    log = FOLDER / f"{server.name}.log"
    with log.open("wb") as errors, pinned(first=True):
        process = subprocess.Popen(  # noqa: S603 - the commands above
            server.command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors
        )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        while not (line := process.stdout.readline().decode()).startswith("API"):
            if not line:
                raise SystemExit(f"{server.title} did not start:\n{log.read_text()[-2000:]}")
        yield Running(server, line.split()[1], process.pid)
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def pinned(*, first: bool) -> Iterator[None]:
    """What is started now runs on the first processor alone; or on all the others."""
    before = os.sched_getaffinity(0)
    chosen, *others = sorted(PROCESSORS)
    os.sched_setaffinity(0, {chosen} if first or not others else set(others))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
