"""The command line: `python -m benchmarks.crowd`."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, Annotated, Any

import orjson
import typer

from benchmarks.crowd.report import CALM, HOSTILE, Moment, Report
from benchmarks.crowd.script import END, Order
from benchmarks.people import hired
from benchmarks.servers import OURS, ROOT, Running, pinned, running
from benchmarks.stage import stage

_ORDERS = 40
_WARMUP_S = 10
_BETWEEN = "between"  # the one and the other, while the hostile one leaves


def main(
    seconds: Annotated[float, typer.Option(help="How long they are measured.")] = 600,
    healthy: Annotated[int, typer.Option(help="How many clients work.")] = 199,
    times: Annotated[int, typer.Option(help="How often the hostile one comes and goes.")] = 5,
) -> None:
    """Let clients work, half of the time with a hostile one, and print how they fare."""
    shipped = replace(OURS, settings={})
    told: Counter[str] = Counter()
    with pinned(first=False), stage() as ready, running(shipped, ready) as server:
        (foe, *friends), orders = hired(ready, healthy + 1), list(ready.orders[:_ORDERS])
        with _clients("healthy", Order(server.url, friends, orders)) as working:
            moments, each_s = [], seconds / times / 2
            time.sleep(_WARMUP_S)
            for _ in range(times):
                moments.append(_phase(CALM, working, server, each_s))
                with _clients("hostile", Order(server.url, [foe], orders)) as hostile:
                    moments.append(_phase(HOSTILE, working, server, each_s))
                    working.say(_BETWEEN)
                    told.update(hostile.end())
            report = Report(working.end(), told, moments)
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


def _phase(phase: str, working: _Clients, server: Running, seconds: float) -> Moment:
    working.say(phase)
    cpu, began = server.cpu_s(), time.monotonic()
    time.sleep(seconds)
    used = (server.cpu_s() - cpu) / (time.monotonic() - began)
    return Moment(phase, used, server.memory_mib())


if __name__ == "__main__":
    typer.run(main)
