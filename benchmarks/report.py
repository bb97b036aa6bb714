"""The results as tables: for a terminal, and in Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.growth import Growth
from benchmarks.load import Load
from benchmarks.operations import OPERATIONS
from benchmarks.rounds import Row, Table
from benchmarks.servers import OURS, SERVERS
from benchmarks.tables import Layout, Line, columns, markdown, number

_HEAD = (
    "server",
    "requests/s",
    "min-max",
    "ours is (min-max)",
    "p50 ms",
    "p99 ms",
    "server CPU ms",
    "Postgres CPU ms",
    "memory MiB",
)
_GROWTH_HEAD = ("rows", "ms", "server CPU ms", "CPU us/row", "Postgres CPU ms", "peak MiB")
_NOTE = """\
CPU is per request, of the server's process and of all of Postgres. "Ours is" compares requests/s in
the same round: 2.0 x is twice as many. ">" marks where Postgres and the load generator filled their
processor, so that the server could have answered more: there, compare the server's CPU."""


@dataclass(frozen=True)
class Report:
    """Everything that was found out."""

    table: Table
    growth: Sequence[Growth]
    machine: Mapping[str, str]
    load: Load

    def as_text(self) -> str:
        """For a terminal."""
        return "\n".join(self._parts(columns))

    def as_markdown(self) -> str:
        """As it stands in docs/performance.md."""
        return "\n".join([*self._parts(markdown), ""])

    def as_json(self) -> dict[str, Any]:
        """Everything, to be kept."""
        return {
            "machine": dict(self.machine),
            "load": asdict(self.load),
            "operations": {
                name: {server: row.as_json() for server, row in rows.items()}
                for name, rows in self.table.items()
            },
            "growth": [asdict(each) for each in self.growth],
        }

    def _parts(self, layout: Layout) -> Iterator[str]:
        titles = {operation.name: operation.title for operation in OPERATIONS}
        for name, rows in self.table.items():
            yield f"### {titles[name]}\n"
            yield layout([_HEAD, *(_line(server, row) for server, row in rows.items())])
        if self.growth:
            yield "### Growth of ours: orders with services, checklists and items\n"
            yield layout([_GROWTH_HEAD, *map(_growth_line, self.growth)])
        load = self.load
        yield f"{_NOTE}\n"
        yield (
            f"{load.connections} connections (growth: 1), {load.seconds:g} s each after "
            f"{load.warmup_s:g} s to warm up. "
            + ", ".join(f"{name} {value}" for name, value in self.machine.items())
        )


def _line(name: str, row: Row) -> Line:
    (title,) = (server.title for server in SERVERS if server.name == name)
    held_back = ">" if row.held_back else ""
    ratio = median(row.ratios)
    return (
        title,
        held_back + number(row.median("requests_per_s")),
        "-".join(map(number, row.span("requests_per_s"))),
        "" if name == OURS.name else f"{ratio:.2f} x ({min(row.ratios):.2f}-{max(row.ratios):.2f})",
        *(
            number(row.median(value))
            for value in ("p50_ms", "p99_ms", "server_cpu_ms", "postgres_cpu_ms", "memory_mib")
        ),
    )


def _growth_line(each: Growth) -> Line:
    values = (each.ms, each.server_cpu_ms, each.server_cpu_ms * 1000 / each.rows)
    return (f"{each.rows:,}", *map(number, (*values, each.postgres_cpu_ms, each.peak_mib)))
