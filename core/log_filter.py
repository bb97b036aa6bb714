"""Which entries of the log are wanted: one grammar for lists and for live streams."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Self
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from strawberry.utils.str_converters import to_camel_case

import models
from core.arguments import OrderId, PersonId
from core.errors import Invalid
from core.viewer import Viewer
from core.visibility import visible
from engine.fields import among
from models import Kind, LogEntry, Person

_LIST_LIMIT = 100


class FeedKind(Enum):
    """The two sorts of things in an order's feed."""

    MESSAGES = "MESSAGES"
    """What people wrote."""
    ACTIVITY = "ACTIVITY"
    """What people did."""


@dataclass(frozen=True)
class ActivityFilter:
    """Which activity is wanted: what fits everything given here."""

    kind: list[Kind] | None = None
    """What happened: one of these."""
    order_id: list[OrderId] | None = None
    """On which orders."""
    actor_id: list[PersonId] | None = None
    """Who did it: one of these."""


@dataclass(frozen=True)
class Wanted:
    """Which entries a list or a stream is about: judged by the database, or one by one."""

    kinds: Collection[Kind]
    order_ids: Collection[UUID] | None = None
    order_service_id: UUID | None = None
    actor_ids: Collection[UUID] | None = None
    only_of_orders: bool = False

    @classmethod
    def of(cls, kinds: Collection[Kind], filter: ActivityFilter | None) -> Self:
        """The entries of some kinds that fit a filter; `Invalid` if that is too long."""
        if filter is None:
            return cls(kinds)
        for name in ("kind", "order_id", "actor_id"):
            if len(getattr(filter, name) or ()) > _LIST_LIMIT:
                field = f"filter.{to_camel_case(name)}"
                raise Invalid(field, f"This may have {_LIST_LIMIT} elements at most.")
        if filter.kind is not None:
            kinds = frozenset(kinds).intersection(filter.kind)
        return cls(kinds, _set(filter.order_id), actor_ids=_set(filter.actor_id))

    def condition(self, viewer: Viewer) -> ColumnElement[bool]:
        """The condition that an entry is wanted, as far as the viewer can tell."""
        entry, wanted = LogEntry, [among(LogEntry.kind, self.kinds)]
        if self.order_ids is not None:
            wanted.append(among(entry.order_id, self.order_ids))
        if self.order_service_id is not None:
            wanted.append(entry.order_service_id == self.order_service_id)
        if self.actor_ids is not None:
            # Only people that the viewer may know of.
            known = select(Person.id).where(
                visible(Person, viewer), among(Person.id, self.actor_ids)
            )
            wanted.append(entry.actor_id.in_(known))
        if self.only_of_orders:
            wanted.append(entry.order_id.is_not(None))
        return and_(*wanted)

    def fits(self, entry: LogEntry) -> bool:
        """Whether an entry is wanted, by whoever may know of its actor."""
        return (
            entry.kind in self.kinds
            and (self.order_ids is None or entry.order_id in self.order_ids)
            and self.order_service_id in (None, entry.order_service_id)
            and (self.actor_ids is None or entry.actor_id in self.actor_ids)
            and (entry.order_id is not None or not self.only_of_orders)
        )


def _set(values: list[UUID] | None) -> frozenset[UUID] | None:
    return None if values is None else frozenset(values)


def feed_kinds(include: Sequence[FeedKind] | None, *, edits: bool) -> frozenset[Kind]:
    """The kinds of entries in a feed; with `edits`, also what became of its messages."""
    return _feed_kinds(frozenset(FeedKind if include is None else include), edits)


@cache
def _feed_kinds(wanted: frozenset[FeedKind], edits: bool) -> frozenset[Kind]:
    """The same, kept: each who follows a feed holds them."""
    kinds: set[Kind] = set()
    if FeedKind.MESSAGES in wanted:
        kinds |= models.MESSAGES if edits else {Kind.MESSAGE_POSTED}
    if FeedKind.ACTIVITY in wanted:
        kinds |= models.ACTIVITY
    return frozenset(kinds)
