"""What an action says of what it did: the entries of the log."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import models
from core import log
from core.viewer import Viewer
from models import Kind, LogEntry


class Recording:
    """Changes of rows, by a viewer, and the entries that tell of them."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.entries: list[LogEntry] = []

    def change(self, row: models.Versioned, kind: Kind, **values: Any) -> bool:
        """Set `values` and record those that differ; whether there were any."""
        changes = {}
        for name, after in values.items():
            if (before := getattr(row, name)) != after:
                column = getattr(type(row), name)
                changes[name] = [log.plain(column, before), log.plain(column, after)]
                setattr(row, name, after)
        if changes:
            self.changed(row, kind, changes)
        return bool(changes)

    def changed(
        self, row: models.Versioned, kind: Kind, changes: Mapping[str, list[Any]], **params: Any
    ) -> None:
        """Record that something of `row` is another now: {name: [before, after]}."""
        row.version += 1
        self.record(kind, row, changes=changes, **params)

    def record(
        self,
        kind: Kind,
        subject: models.OfOrganization,
        *,
        recipient_id: UUID | None = None,
        **params: Any,
    ) -> LogEntry:
        """Note in the log that `kind` happened to `subject`, with `params` to tell it by.

        With a recipient, nobody else is told.
        """
        entry = log.entry(kind, subject, self.viewer.id, recipient_id=recipient_id, **params)
        self.entries.append(entry)
        return entry
