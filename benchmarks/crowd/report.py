"""What the clients met, with the hostile one and without, as tables; and what of it is not good."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CALM = "calm"
HOSTILE = "hostile"
ALL = "all requests"
DELIVERY = "delivery"
_TWICE = 2.0
_GROWTH = 1.1


@dataclass(frozen=True)
class Moment:
    """What the server used in one phase."""

    phase: str
    processors: float
    """How much of a processor, of 1."""
    memory_mib: float
    """At its end."""


@dataclass(frozen=True)
class Report:
    """A run."""

    healthy: dict[str, Any]
    hostile: dict[str, int]
    moments: Sequence[Moment]

    @property
    def ratio(self) -> float:
        """How many times as long the slowest hundredth takes, with the hostile client there."""
        return self._p(0.99, HOSTILE, ALL) / self._p(0.99, CALM, ALL)

    @property
    def failures(self) -> list[str]:
        """What is not as it should be."""
        found = [f"{phase}: {what}, {count} times" for phase, what, count in self._problems()]
        if self.ratio > _TWICE:
            found.append(f"p99 is {self.ratio:.2f} times as long with the hostile client")
        found += [f"hostile: {what}" for what in self.hostile if re.search(r": 5\d\d$", what)]
        half = [each.memory_mib for each in self.moments if each.phase == HOSTILE]
        before, after = max(half[: len(half) // 2 or 1]), max(half[len(half) // 2 :])
        if after > before * _GROWTH:
            found.append(f"memory has grown from {before:.0f} to {after:.0f} MiB")
        return found

    def as_markdown(self) -> str:
        """The tables."""
        kinds = sorted({kind for phase in self.healthy.values() for kind in phase["times"]})
        lines = [
            "| request | calm: how many | p50 ms | p99 ms | hostile: how many | p50 ms | p99 ms |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *(self._row(kind) for kind in (*(k for k in kinds if k != DELIVERY), ALL, DELIVERY)),
            "",
            f"p99 of all requests: {self.ratio:.2f} times as long with the hostile client.",
            "",
            "| phase | processors of the server | memory MiB |",
            "| --- | --- | --- |",
            *(f"| {m.phase} | {m.processors:.2f} | {m.memory_mib:.0f} |" for m in self.moments),
            "",
            "| what became of the hostile client's | times |",
            "| --- | --- |",
            *(f"| {what} | {count:,} |" for what, count in sorted(self.hostile.items())),
        ]
        return "\n".join(lines)

    def _row(self, kind: str) -> str:
        cells = [kind]
        for phase in (CALM, HOSTILE):
            cells.append(f"{len(self._times(phase, kind)):,}")
            cells += [f"{self._p(part, phase, kind):.1f}" for part in (0.5, 0.99)]
        return f"| {' | '.join(cells)} |"

    def _p(self, part: float, phase: str, kind: str) -> float:
        times = sorted(self._times(phase, kind))
        return times[min(int(len(times) * part), len(times) - 1)] if times else float("nan")

    def _times(self, phase: str, kind: str) -> list[float]:
        found: dict[str, list[float]] = self.healthy.get(phase, {}).get("times", {})
        if kind != ALL:
            return found.get(kind, [])
        return [each for name, times in found.items() if name != DELIVERY for each in times]

    def _problems(self) -> list[tuple[str, str, int]]:
        return [
            (phase, what, count)
            for phase, met in self.healthy.items()
            for what, count in Counter(met["problems"]).items()
        ]
