"""What the API answers to somebody who asks for everything there is."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import schema_walk
from factories import Agency, Answer, typed
from marked_scene import Marked, dump
from plain_rules import Facts, known

from core.cursors import Cursor
from core.database import Database
from models import ACTIVITY, MESSAGES, Kind, LogEntry, Person
from subscriptions.hub import Hub

_AT_ONCE = 100
_SECONDS = 20
Given = dict[str, Any]


@dataclass
class Stage:
    """An agency, another one, and those who look at the first."""

    marked: Marked
    other: Marked
    facts: Facts

    @classmethod
    async def make(cls, database: Database, hub: Hub) -> "Stage":
        """Two agencies in which everything has happened."""
        marked, other = await Marked.make(database, hub), await Marked.make(database, hub, "b")
        stage = cls(marked, other, Facts({}))
        await stage.look()
        return stage

    async def look(self) -> None:
        """Read the facts anew."""
        ours, theirs = self.marked.agency.organization, self.other.agency.organization
        self.facts = Facts(await dump(self.marked.agency.database, ours, theirs))

    @property
    def agency(self) -> Agency:
        """The agency that is looked at."""
        return self.marked.agency

    @property
    def people(self) -> dict[str, Person]:
        """Its people, and somebody who may do everything elsewhere."""
        return {**self.marked.people, "outsider": self.other.agency.admin}

    @property
    def ids(self) -> list[str]:
        """The ids of everything in both agencies."""
        rows = (row for table, rows in self.facts.rows.items() if known(table) for row in rows)
        return [typed(row) for row in rows]

    def places(self, by: Person, name: str, given: Given, after: int = 0) -> list[str]:
        """The cursors of what a subscription must tell somebody."""
        order = given.get("orderId")
        entries = [
            entry
            for entry in self.facts.rows[LogEntry]
            if entry.kind in TOLD[name]
            and entry.seq > after
            and self.facts.may_see(by, entry)
            and order in (None, entry.order_id and _typed_order(entry))
        ]
        entries.sort(key=lambda entry: entry.seq)
        return [str(Cursor.at(each.organization_id, each.seq, each.id)) for each in entries]


TOLD = {
    "orderFeed": ACTIVITY | MESSAGES,
    "ordersChanged": ACTIVITY | MESSAGES,
    "mentions": {Kind.PERSON_MENTIONED},
    "activity": ACTIVITY,
}
"""The kinds of entries that each subscription tells, if it is not told otherwise."""


def _typed_order(entry: LogEntry) -> str:
    from core import ids
    from models import Order

    assert entry.order_id
    return ids.encode(Order, entry.order_id)
