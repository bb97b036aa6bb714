"""How long something took, again and again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Waits:
    """What half of all times do not exceed, and what all but a hundredth do not."""

    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """Those of these times."""
        ordered = sorted(seconds)
        last = len(ordered) - 1
        p50, p99 = (ordered[min(last, int(share * len(ordered)))] for share in (0.5, 0.99))
        return cls(p50 * 1000, p99 * 1000)
