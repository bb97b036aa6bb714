"""Which entries of the log are wanted: one grammar for lists and for live streams."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, true

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


def entries(
    kinds: Collection[Kind], wanted: ActivityFilter | None, viewer: Viewer
) -> ColumnElement[bool]:
    """The condition that an entry is of some kinds, and fits a filter as far as one can tell."""
    if wanted is None:
        return among(LogEntry.kind, kinds)
    return and_(
        among(LogEntry.kind, kinds),
        _limited(LogEntry.kind, wanted.kind, "filter.kind"),
        _limited(LogEntry.order_id, wanted.order_id, "filter.orderId"),
        _actors(wanted.actor_id, viewer),
    )


def feed(include: Sequence[FeedKind] | None, order_service_id: UUID | None) -> ColumnElement[bool]:
    """The condition that an entry is told by an order's stream."""
    here = true() if order_service_id is None else LogEntry.order_service_id == order_service_id
    return and_(among(LogEntry.kind, feed_kinds(include, edits=True)), here)


def feed_kinds(include: Sequence[FeedKind] | None, *, edits: bool) -> set[Kind]:
    """The kinds of entries in a feed; with `edits`, also what became of its messages."""
    kinds: set[Kind] = set()
    wanted = set(FeedKind) if include is None else set(include)
    if FeedKind.MESSAGES in wanted:
        kinds |= models.MESSAGES if edits else {Kind.MESSAGE_POSTED}
    if FeedKind.ACTIVITY in wanted:
        kinds |= models.ACTIVITY
    return kinds


def _actors(wanted: list[UUID] | None, viewer: Viewer) -> ColumnElement[bool]:
    """Done by one of these people, of those that the viewer may know of."""
    if wanted is None:
        return true()
    known = select(Person.id).where(visible(Person, viewer), among(Person.id, wanted))
    return and_(_limited(LogEntry.actor_id, wanted, "filter.actorId"), LogEntry.actor_id.in_(known))


def _limited(column: Any, values: list[Any] | None, field: str) -> ColumnElement[bool]:
    if values is None:
        return true()
    if len(values) > _LIST_LIMIT:
        raise Invalid(field, f"This may have {_LIST_LIMIT} elements at most.")
    return among(column, values)
