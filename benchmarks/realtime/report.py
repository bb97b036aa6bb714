"""The results as tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from benchmarks.realtime import bars, idle, latency, recovery
from benchmarks.realtime.fan_out import FanOut
from benchmarks.realtime.latency import Latency
from benchmarks.realtime.results import Results
from benchmarks.realtime.targets import SERVERS
from benchmarks.servers import OURS
from benchmarks.tables import Layout, Line, columns, markdown, number

_TITLES = {each.name: each.title for each in SERVERS}
_FAN_OUT_HEAD = (
    "server",
    "frames per CPU s",
    "min-max",
    "ours is (min-max)",
    "CPU us/frame",
    "first to last p50 ms",
    "p99 ms",
    "to each p50 ms",
    "p99 ms",
    "load",
)
_IDLE_HEAD = ("server", "KiB per WebSocket", "KiB per stream over HTTP")
_LATENCY_HEAD = (
    "server",
    "from the request p50 ms",
    "p99 ms",
    "from the commit p50 ms",
    "p99 ms",
    "server CPU",
)
_RECOVERY_HEAD = ("half are back after s", "all after s", "min-max", "CPU s of the other process")
_NOTE = """\
CPU is of the server's process. "Ours is" compares frames per CPU second in the same round. "To
each" is counted from the commit, or from the request where nothing is committed; Postgres takes
the time of a commit before it flushes it to the disk, so that the flush is counted too. "Load"
is how much of a processor the listeners took: near 100 % they hold back how soon frames arrive,
but not what they cost. Who is back has been told all that was missed; nothing was lost, doubled
or swapped."""

T = TypeVar("T")


@dataclass(frozen=True)
class Report:
    """Everything that was found out."""

    results: Results
    machine: Mapping[str, str]
    rounds: int
    seconds: float
    share: float

    def as_text(self) -> str:
        """For a terminal."""
        return "\n".join(self._parts(columns))

    def as_markdown(self) -> str:
        """As it stands in docs/performance-realtime.md."""
        return "\n".join([*self._parts(markdown), ""])

    def _parts(self, layout: Layout) -> Iterator[str]:
        results = self.results
        yield "### The bars\n"
        yield layout([bars.HEAD, *bars.lines(results)])
        for count, rows in results.fan_out.items():
            yield f"### Fan-out: {count:,} subscribers of one order\n"
            yield layout([_FAN_OUT_HEAD, *_fan_out(rows)])
        yield f"### Memory: {idle.LISTENERS:,} subscribers of one order on which nothing happens\n"
        yield layout([_IDLE_HEAD, *_idle(results)])
        yield (
            f"### Latency: {latency.LISTENERS:,} subscribers of {latency.ORDERS} orders, "
            f"{latency.PER_SECOND} messages/s\n"
        )
        yield layout([_LATENCY_HEAD, *(_latency(*each) for each in results.latency.items())])
        yield f"### Recovery: {recovery.CLIENTS:,} clients of a process that is killed\n"
        yield layout([_RECOVERY_HEAD, _recovery(results)])
        yield f"{_NOTE}\n"
        of_all = "" if self.share == 1 else f", with {self.share:.0%} of the subscribers"
        yield (
            f"{self.rounds} rounds, {self.seconds:g} s of messages each{of_all}. "
            + ", ".join(f"{name} {value}" for name, value in self.machine.items())
        )


def _fan_out(rows: Mapping[str, Sequence[FanOut]]) -> list[Line]:
    """A line for each server, the cheapest first."""
    cheapest = sorted(rows.items(), key=lambda row: _median(row[1], lambda each: each.cpu_us))
    return [_fan_out_line(name, cells, rows[OURS.name]) for name, cells in cheapest]


def _fan_out_line(name: str, cells: Sequence[FanOut], ours: Sequence[FanOut]) -> Line:
    rates = [1e6 / each.cpu_us for each in cells]
    ratios = [their.cpu_us / own.cpu_us for own, their in zip(ours, cells, strict=True)]
    return (
        _TITLES[name],
        number(median(rates)),
        _span(rates),
        "" if name == OURS.name else f"{median(ratios):.2f} x ({_span(ratios)})",
        number(_median(cells, lambda each: each.cpu_us)),
        number(_median(cells, lambda each: each.spread.p50_ms)),
        number(_median(cells, lambda each: each.spread.p99_ms)),
        number(_median(cells, lambda each: each.each.p50_ms)),
        number(_median(cells, lambda each: each.each.p99_ms)),
        f"{_median(cells, lambda each: each.load_busy):.0%}",
    )


def _idle(results: Results) -> list[Line]:
    lines = sorted(results.sockets_kib.items(), key=lambda pair: pair[1])
    streams = {name: number(kib) for name, kib in results.streams_kib.items()}
    return [(_TITLES[name], number(kib), streams.get(name, "")) for name, kib in lines]


def _latency(name: str, cells: Sequence[Latency]) -> Line:
    committed = [each.committed for each in cells if each.committed]
    return (
        _TITLES[name],
        number(_median(cells, lambda each: each.posted.p50_ms)),
        number(_median(cells, lambda each: each.posted.p99_ms)),
        number(_median(committed, lambda each: each.p50_ms)) if committed else "",
        number(_median(committed, lambda each: each.p99_ms)) if committed else "",
        f"{_median(cells, lambda each: each.busy):.0%}",
    )


def _recovery(results: Results) -> Line:
    found = results.recovery
    return (
        number(_median(found, lambda each: each.half_s)),
        number(_median(found, lambda each: each.all_s)),
        _span([each.all_s for each in found]),
        number(_median(found, lambda each: each.cpu_s)),
    )


def _median(cells: Sequence[T], value: Callable[[T], float]) -> float:
    return median(map(value, cells))


def _span(values: Sequence[float]) -> str:
    return f"{number(min(values))}-{number(max(values))}"
