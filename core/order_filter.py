"""Which orders are wanted: one grammar for lists and for live boards."""

from dataclasses import dataclass
from typing import Any, Optional
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, cast, exists, false, not_, or_, true

import models
from core.arguments import PersonId, Search, ServiceId, Time
from core.errors import Invalid
from core.viewer import Viewer
from core.visibility import visible
from models import Order, OrderStatus, PaymentStatus, ServiceStatus

_DEPTH_LIMIT = 5
_LIST_LIMIT = 100


@dataclass(frozen=True)
class OrderStatusFilter:
    """A choice of order statuses."""

    in_: list[OrderStatus] | None = None
    """One of these."""
    not_in: list[OrderStatus] | None = None
    """None of these."""


@dataclass(frozen=True)
class PaymentStatusFilter:
    """A choice of payment statuses."""

    in_: list[PaymentStatus] | None = None
    """One of these."""
    not_in: list[PaymentStatus] | None = None
    """None of these."""


@dataclass(frozen=True)
class ServiceFilter:
    """A choice of services of the catalogue."""

    in_: list[ServiceId] | None = None
    """At least one of these."""
    not_in: list[ServiceId] | None = None
    """None of these."""


@dataclass(frozen=True)
class PersonFilter:
    """A choice of people."""

    in_: list[PersonId] | None = None
    """At least one of these."""
    not_in: list[PersonId] | None = None
    """None of these."""


@dataclass(frozen=True)
class TimeFilter:
    """A span of time."""

    from_: Time | None = None
    """At this time or later."""
    before: Time | None = None
    """Earlier than this time."""


@dataclass(frozen=True)
class OrderFilter:
    """Which orders are wanted: those that fit everything given here."""

    status: OrderStatusFilter | None = None
    """Where the order stands."""
    payment_status: PaymentStatusFilter | None = None
    """Where its payment stands."""
    service: ServiceFilter | None = None
    """What is booked, leaving out what was archived."""
    team_member: PersonFilter | None = None
    """Who works on it: as project manager, team member, or assignee of a service."""
    customer: PersonFilter | None = None
    """Who booked it."""
    escalated: bool | None = None
    """Whether a service of it needs attention now."""
    created_at: TimeFilter | None = None
    """When it was booked."""
    due_at: TimeFilter | None = None
    """When it is due."""
    search: Search | None = None
    """Words, each of which is in its name, number, address, services or customer's name."""
    and_: list["OrderFilter"] | None = None
    """It must fit all of these too."""
    or_: list["OrderFilter"] | None = None
    """It must fit one of these too."""
    not_: Optional["OrderFilter"] = None
    """It must not fit this."""


def condition(
    wanted: OrderFilter | None, viewer: Viewer, field: str = "filter", depth: int = 1
) -> ColumnElement[bool]:
    """The condition that an order fits a filter, as far as the viewer can tell."""
    if wanted is None:
        return true()
    if depth > _DEPTH_LIMIT:
        raise Invalid(field, f"Filters may be nested {_DEPTH_LIMIT} deep.")

    def each(filters: list[OrderFilter] | None, name: str) -> list[ColumnElement[bool]]:
        _limit(filters, f"{field}.{name}")
        return [
            condition(inner, viewer, f"{field}.{name}.{i}", depth + 1)
            for i, inner in enumerate(filters or ())
        ]

    return and_(
        _choice(Order.status, wanted.status, f"{field}.status"),
        _choice(Order.payment_status, wanted.payment_status, f"{field}.paymentStatus"),
        _choice(Order.customer_id, wanted.customer, f"{field}.customer"),
        _span(Order.created_at, wanted.created_at),
        _span(Order.due_at, wanted.due_at),
        _with_part(models.OrderService, "service_id", wanted.service, viewer, f"{field}.service"),
        _with_part(
            models.Assignment, "person_id", wanted.team_member, viewer, f"{field}.teamMember"
        ),
        _escalated(wanted.escalated, viewer),
        *(_contains(word, viewer) for word in (wanted.search or "").split()),
        *each(wanted.and_, "and"),
        true() if wanted.or_ is None else or_(false(), *each(wanted.or_, "or")),
        true()
        if wanted.not_ is None
        else not_(condition(wanted.not_, viewer, f"{field}.not", depth + 1)),
    )


def _limit(values: list[Any] | None, field: str) -> None:
    if values is not None and len(values) > _LIST_LIMIT:
        raise Invalid(field, f"This may have {_LIST_LIMIT} elements at most.")


def _choice(column: Any, wanted: Any, field: str) -> ColumnElement[bool]:
    if wanted is None:
        return true()
    _limit(wanted.in_, f"{field}.in")
    _limit(wanted.not_in, f"{field}.notIn")
    return and_(
        true() if wanted.in_ is None else column.in_(wanted.in_),
        true() if wanted.not_in is None else column.not_in(wanted.not_in),
    )


def _span(column: Any, wanted: TimeFilter | None) -> ColumnElement[bool]:
    if wanted is None:
        return true()
    return and_(
        true() if wanted.from_ is None else column >= wanted.from_,
        true() if wanted.before is None else column < wanted.before,
    )


def _with_part(
    model: Any, column: str, wanted: Any, viewer: Viewer, field: str
) -> ColumnElement[bool]:
    """The order has a part with one of the wanted ids, and none with an unwanted one."""
    if wanted is None:
        return true()
    _limit(wanted.in_, f"{field}.in")
    _limit(wanted.not_in, f"{field}.notIn")

    def some(ids: list[UUID]) -> ColumnElement[bool]:
        live = model.status != ServiceStatus.ARCHIVED if model is models.OrderService else true()
        return _has(model, viewer, live, getattr(model, column).in_(ids))

    return and_(
        true() if wanted.in_ is None else some(wanted.in_),
        true() if wanted.not_in is None else not_(some(wanted.not_in)),
    )


def _has(model: Any, viewer: Viewer, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        visible(model, viewer),
        model.order_id == Order.id,
        *conditions,
    )


def _escalated(wanted: bool | None, viewer: Viewer) -> ColumnElement[bool]:
    if wanted is None:
        return true()
    service = models.OrderService
    # Customers see no escalations, so for them there is none.
    shown = true() if not viewer.is_customer else service.id.is_(None)
    live = service.status != ServiceStatus.ARCHIVED
    found = _has(service, viewer, service.escalated_at.is_not(None), live, shown)
    return found if wanted else not_(found)


def _contains(word: str, viewer: Viewer) -> ColumnElement[bool]:
    person, service = models.Person, models.OrderService
    return or_(
        *(
            column.icontains(word, autoescape=True)
            for column in (
                Order.name,
                Order.property_street,
                Order.property_city,
                Order.property_postal_code,
            )
        ),
        cast(Order.number, String) == word.lstrip("#0"),
        exists().where(
            visible(person, viewer),
            person.id == Order.customer_id,
            person.name.icontains(word, autoescape=True),
        ),
        _has(service, viewer, service.name.icontains(word, autoescape=True)),
    )
