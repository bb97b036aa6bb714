"""All servers under all operations, several times, each time in another order."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from random import Random
from statistics import median
from typing import Any

from benchmarks.load import Cell, Load, measure
from benchmarks.operations import Operation, questions
from benchmarks.servers import OURS, PROCESSORS, Running
from benchmarks.stage import Stage

_FULL = 0.9


@dataclass(frozen=True)
class Row:
    """What became of one server under one operation."""

    cells: Sequence[Cell]
    ratios: Sequence[float]
    """Our requests/s to its, in each round."""

    def median(self, name: str) -> float:
        """The median of a value."""
        values: list[float] = [getattr(cell, name) for cell in self.cells]
        return median(values)

    def span(self, name: str) -> tuple[float, float]:
        """The smallest and the largest of a value."""
        values = [getattr(cell, name) for cell in self.cells]
        return min(values), max(values)

    @property
    def held_back(self) -> bool:
        """Whether Postgres and the load generator were busy all the time, and not the server."""
        per_request = self.median("postgres_cpu_ms") + self.median("generator_cpu_ms")
        busy = per_request * self.median("requests_per_s") / 1000
        return busy > _FULL * max(1, len(PROCESSORS) - 1)

    def as_json(self) -> dict[str, Any]:
        """Everything, to be kept."""
        values = {f.name: [getattr(cell, f.name) for cell in self.cells] for f in fields(Cell)}
        return {**values, "ours_to_this": list(self.ratios)}


Table = Mapping[str, Mapping[str, Row]]
"""Rows by operation and server."""


def run(
    servers: Sequence[Running],
    operations: Sequence[Operation],
    stage: Stage,
    load: Load,
    rounds: int,
    tell: Callable[[str], None],
) -> Table:
    """Measure everything; what is compared stands next to each other in time."""
    cells: dict[str, dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    chance = Random(rounds)  # noqa: S311 - any order, but the same each time
    for i in range(rounds):
        for operation in operations:
            for server in chance.sample(servers, len(servers)):
                asked = questions(operation, server, stage)
                cell = measure(server, asked, stage, load, exact=not operation.writes)
                if operation.writes:
                    stage.reset()
                cells[operation.name][server.server.name].append(cell)
                title = f"{operation.name:6} {server.server.name:13}"
                tell(f"round {i + 1}  {title} {cell.requests_per_s:8.1f} requests/s")
    return {name: _compared(of_servers) for name, of_servers in cells.items()}


def _compared(cells: Mapping[str, Sequence[Cell]]) -> dict[str, Row]:
    """The rows of one operation, the quickest first."""
    ours = cells[OURS.name]
    rows = {
        name: Row(
            own,
            [a.requests_per_s / b.requests_per_s for a, b in zip(ours, own, strict=True)],
        )
        for name, own in cells.items()
    }
    return dict(sorted(rows.items(), key=lambda pair: -pair[1].median("requests_per_s")))
