"""Which entries of the log are wanted: one grammar for lists and for live streams."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, true

import models
from core.arguments import OrderId, PersonId
from core.errors import Invalid
from engine.fields import among
from models import Kind, LogEntry

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


def activity(wanted: ActivityFilter | None) -> ColumnElement[bool]:
    """The condition that an entry is activity, and fits a filter."""
    if wanted is None:
        return among(LogEntry.kind, models.ACTIVITY)
    return and_(
        among(LogEntry.kind, models.ACTIVITY),
        _limited(LogEntry.kind, wanted.kind, "filter.kind"),
        _limited(LogEntry.order_id, wanted.order_id, "filter.orderId"),
        _limited(LogEntry.actor_id, wanted.actor_id, "filter.actorId"),
    )


def feed(
    include: Sequence[FeedKind] | None, order_service_id: UUID | None, *, edits: bool
) -> ColumnElement[bool]:
    """The condition that an entry is of a feed; with `edits`, also what became of its messages."""
    kinds: set[Kind] = set()
    wanted = set(FeedKind) if include is None else set(include)
    if FeedKind.MESSAGES in wanted:
        kinds |= models.MESSAGES if edits else {Kind.MESSAGE_POSTED}
    if FeedKind.ACTIVITY in wanted:
        kinds |= models.ACTIVITY
    here = true() if order_service_id is None else LogEntry.order_service_id == order_service_id
    return and_(among(LogEntry.kind, kinds), here)


def _limited(column: Any, values: list[Any] | None, field: str) -> ColumnElement[bool]:
    if values is None:
        return true()
    if len(values) > _LIST_LIMIT:
        raise Invalid(field, f"This may have {_LIST_LIMIT} elements at most.")
    return among(column, values)
