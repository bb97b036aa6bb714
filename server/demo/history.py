"""What happened at the demo agency, replayed through the unit of work that real actions use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import models
from core.recording import Recording
from core.viewer import Scope, Viewer
from models import Kind, LogEntry, Person

_NEXT = timedelta(microseconds=1)


class Past(Recording):
    """What was done at a moment of the past; it is recorded as actions of the present are."""

    def __init__(self, actor: Person, at: datetime) -> None:
        super().__init__(
            Viewer(actor.permission, actor.id, actor.organization_id, frozenset(Scope))
        )
        self.at = at

    def changed(
        self, row: models.Versioned, kind: Kind, changes: Mapping[str, list[Any]], **params: Any
    ) -> None:
        """Record that something of `row` was another from then on."""
        super().changed(row, kind, changes, **params)
        row.updated_at = self.at


@dataclass(frozen=True)
class Step:
    """Something that a person did at a moment."""

    at: datetime
    actor: Person
    do: Callable[[Past], object]


def replay(steps: Sequence[Step], new_id: Callable[[datetime], UUID]) -> list[LogEntry]:
    """The log of these steps: numbered from 1 without gaps, each entry later than the last."""
    entries: list[LogEntry] = []
    for step in sorted(steps, key=lambda step: step.at):
        work = Past(step.actor, step.at)
        step.do(work)
        for entry in work.entries:
            entry.seq = len(entries) + 1
            entry.at = max(step.at, entries[-1].at + _NEXT) if entries else step.at
            entry.id = new_id(entry.at)
            entries.append(entry)
    return entries
