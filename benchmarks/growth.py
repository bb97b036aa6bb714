"""Whether our server's time and memory grow with the rows of an answer, and no faster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.load import Load, measure
from benchmarks.operations import Question, ask, cursors
from benchmarks.servers import Running
from benchmarks.stage import Stage

ORDERS = (3, 33, 330)  # about 50, 500 and 5,000 rows
_PAGE = 100
_FRAGMENT = """
fragment page on OrderConnection {
  edges { node { id name services { id name checklists { id title items { id text doneAt } } } } }
}"""


@dataclass(frozen=True)
class Growth:
    """What an answer of some rows takes, asked over one connection."""

    rows: int
    ms: float
    server_cpu_ms: float
    postgres_cpu_ms: float
    peak_mib: float


def measured(server: Running, stage: Stage, load: Load) -> list[Growth]:
    """Answers of growing size."""
    return [_one(server, stage, load, orders) for orders in ORDERS]


def _one(server: Running, stage: Stage, load: Load, orders: int) -> Growth:
    question = _question(orders, cursors(server, stage, _PAGE, orders // _PAGE))
    rows = _rows(ask(server, stage, question))
    server.forget_peak()
    cell = measure(server, [question], stage, Load(1, load.warmup_s, load.seconds), exact=True)
    return Growth(
        rows, cell.p50_ms, cell.server_cpu_ms, cell.postgres_cpu_ms, server.memory_mib("VmHWM")
    )


def _question(orders: int, ends: Sequence[str]) -> Question:
    """The newest orders with all that hangs on them, page by page in one request."""
    starts = [None, *ends]
    sizes = [min(_PAGE, orders - i * _PAGE) for i in range(len(starts))]
    variables = {f"after{i}": start for i, start in enumerate(starts)}
    declared = ", ".join(f"${name}: Cursor" for name in variables)
    pages = [
        f"page{i}: orders(first: {size}, after: $after{i}) {{ ...page }}"
        for i, size in enumerate(sizes)
    ]
    return Question(f"query Growth({declared}) {{ {' '.join(pages)} }}{_FRAGMENT}", variables)


def _rows(value: Any) -> int:
    """How many rows an answer shows."""
    if isinstance(value, dict):
        return ("id" in value) + sum(map(_rows, value.values()))
    return sum(map(_rows, value)) if isinstance(value, list) else 0
