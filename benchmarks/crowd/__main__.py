"""The command line: `python -m benchmarks.crowd`."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Annotated, Any

import orjson
import typer

from benchmarks.crowd.hostile import HOSTILE
from benchmarks.crowd.report import CALM, Moment, Report
from benchmarks.crowd.script import END, Order
from benchmarks.people import hired
from benchmarks.servers import OURS, ROOT, Running, pinned, running
from benchmarks.stage import stage

_ORDERS = 40
_WARMUP_S = 10


def main(
    seconds: Annotated[float, typer.Option(help="How long they are measured.")] = 600,
    healthy: Annotated[int, typer.Option(help="How many clients work.")] = 199,
    times: Annotated[int, typer.Option(help="How often the hostile one comes and goes.")] = 5,
) -> None:
    """Let clients work, half of the time with a hostile one, and print how they fare."""
    with pinned(first=False), stage() as ready, running(OURS, ready) as server:
        (foe, *friends), orders = hired(ready, healthy + 1), list(ready.orders[:_ORDERS])
        with (
            _clients("healthy", Order(server.url, friends, orders)) as working,
            _clients("hostile", Order(server.url, [foe], orders)) as hostile,
        ):
            time.sleep(_WARMUP_S)
            moments = list(_phases((working, hostile), server, seconds / times / 2, times))
            report = Report(working.end(), hostile.end(), moments)
    typer.echo(report.as_markdown())
    if report.failures:
        raise SystemExit("\nNot good:\n" + "\n".join(report.failures))


@dataclass(frozen=True)
class _Clients:
    """A process of clients."""

    words: IO[bytes]
    found: IO[bytes]

    def say(self, word: str) -> None:
        """Tell it what begins now."""
        self.words.write(f"{word}\n".encode())
        self.words.flush()

    def end(self) -> Any:
        """Let it end; what it has found."""
        self.say(END)
        return orjson.loads(self.found.readline())


@contextmanager
def _clients(kind: str, order: Order) -> Iterator[_Clients]:
    command = (sys.executable, "-m", f"benchmarks.crowd.{kind}")
    with subprocess.Popen(  # noqa: S603 - our own
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin  # noqa: S101 - it is a pipe
        assert process.stdout  # noqa: S101 - it is a pipe
        process.stdin.write(order.line())
        process.stdin.flush()
        try:
            yield _Clients(process.stdin, process.stdout)
        finally:
            process.terminate()


def _phases(
    clients: Sequence[_Clients], server: Running, seconds: float, times: int
) -> Iterator[Moment]:
    for phase in (CALM, HOSTILE) * times:
        for each in clients:
            each.say(phase)
        cpu, began = server.cpu_s(), time.monotonic()
        time.sleep(seconds)
        used = (server.cpu_s() - cpu) / (time.monotonic() - began)
        yield Moment(phase, used, server.memory_mib())


if __name__ == "__main__":
    typer.run(main)
