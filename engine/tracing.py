"""Tracing: what each place of a query took, for whoever asks how it was executed."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any


@dataclass(slots=True)
class Taken:
    """What one place of a query took: a field, for all objects that have it there."""

    objects: int = 0
    seconds: float = 0.0
    """Until its values were there, its statements included."""
    statements: int = 0
    statement_seconds: float = 0.0
    rows: int = 0
    """How many its statements gave."""


@dataclass(slots=True)
class Trace:
    """What an operation took, place by place."""

    begun: float = field(default_factory=perf_counter)
    places: dict[str, Taken] = field(default_factory=dict)

    def place(self, path: Iterable[str | int]) -> Taken:
        """A place, by its path in the answer: those of all items of a list are one."""
        name = ".".join(key for key in path if isinstance(key, str))
        return self.places.setdefault(name, Taken())

    def found(self, path: Iterable[str | int]) -> None:
        """Note that the value of a root field is there, after the time since the beginning."""
        taken = self.place(path)
        taken.objects += 1
        taken.seconds += perf_counter() - self.begun

    @contextmanager
    def finding(self, path: Iterable[str | int], objects: int) -> Iterator[None]:
        """Note how long it takes to find the values of a field for so many objects."""
        begun = perf_counter()
        yield
        taken = self.place(path)
        taken.objects += objects
        taken.seconds += perf_counter() - begun

    def read(self, path: Iterable[str | int], begun: float, rows: int) -> None:
        """Note that a statement, begun at that moment, gave so many rows to a place."""
        taken = self.place(path)
        taken.statements += 1
        taken.statement_seconds += perf_counter() - begun
        taken.rows += rows

    def told(self) -> dict[str, Any]:
        """What clients are told: times are in milliseconds."""
        return {
            "durationMs": _ms(perf_counter() - self.begun),
            "statements": sum(taken.statements for taken in self.places.values()),
            "places": [
                {
                    "path": path,
                    "objects": taken.objects,
                    "durationMs": _ms(taken.seconds),
                    "statements": taken.statements,
                    "statementsMs": _ms(taken.statement_seconds),
                    "rows": taken.rows,
                }
                for path, taken in self.places.items()
            ],
        }


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 3)
