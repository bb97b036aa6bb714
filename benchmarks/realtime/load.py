"""The process that makes the load, as the measurements see it."""

import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from benchmarks.realtime.generator import Posting
from benchmarks.realtime.listeners import Wish
from benchmarks.servers import ROOT

_COMMAND = (sys.executable, "-m", "benchmarks.realtime.generator")


@dataclass(frozen=True)
class Heard:
    """What was posted, and when it arrived (Unix time)."""

    sent_at: list[float]
    arrivals: list[list[float]]
    """Of each message, at each of its listeners."""
    busy: float
    """How much of a processor the load took."""
    back_at: list[float]
    """When those whose connection was lost had been told what they had missed."""
    sample: str
    """One of the messages, as it arrived."""
    wrong: int
    """How many listeners have not got each message, once, in order."""

    @property
    def frames(self) -> int:
        """How many messages arrived."""
        return sum(map(len, self.arrivals))

    def waits(self, begun: Sequence[float]) -> list[float]:
        """How long each listener waited for each message since it had begun, in seconds."""
        pairs = zip(begun, self.arrivals, strict=True)
        return [arrived - start for start, each in pairs for arrived in each]


class Load:
    """Listeners, and who posts what they hear."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def connect(self, wish: Wish) -> None:
        """Have more listeners."""
        self._tell({"connect": asdict(wish)})
        self._answer()

    def begin(self, posting: Posting) -> None:
        """Have something posted."""
        self._tell({"post": asdict(posting)})

    def end(self) -> Heard:
        """Wait until all of it has arrived."""
        heard = Heard(**self._answer())
        if heard.wrong:
            raise SystemExit(f"{heard.wrong} listeners have lost, doubled or swapped something.")
        return heard

    def leave(self) -> None:
        """Have all connections ended."""
        self._tell({"leave": None})
        self._answer()

    def _tell(self, what: dict[str, Any]) -> None:
        assert self._process.stdin  # noqa: S101 - it is a pipe
        self._process.stdin.write(orjson.dumps(what) + b"\n")
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("The load has failed: see above.")
        answer: dict[str, Any] = orjson.loads(line)
        return answer


@contextmanager
def loading() -> Iterator[Load]:
    """The process, which may have as many connections as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with subprocess.Popen(  # noqa: S603 - our own
        _COMMAND, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Load(process)
        finally:
            process.kill()
