"""Which rows a viewer may see: one condition per table, used by every read."""

from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

import models
from core.viewer import Sight, Viewer
from models import Audience, Permission

_CATALOGUE = frozenset({models.Service, models.Package, models.PackageService})
_INTERNAL = frozenset({models.ChecklistTemplate})
_OF_ADMINS = frozenset({models.ApiKey})
_OWN = frozenset({models.ReadMarker, models.IdempotencyRecord, models.Session})


def visible(model: type[Any], viewer: Viewer | Sight) -> ColumnElement[bool]:
    """The condition that a row of `model` is in the viewer's agency and may be seen there."""
    if model is models.Organization:
        return models.Organization.id == viewer.organization_id
    return and_(model.organization_id == viewer.organization_id, _rule(model, viewer))


def _rule(model: type[Any], viewer: Viewer | Sight) -> ColumnElement[bool]:
    if model is models.LogEntry:
        return _entries(viewer)
    if model in _OWN:
        return and_(model.person_id == viewer.id, *_going_on(model))
    if model is models.Person:
        return _people(viewer)
    if model is models.Order:
        return true() if viewer.is_staff else models.Order.id.in_(_orders(viewer))
    if issubclass(model, models.OfOrder):
        return _of_orders(model, viewer)
    # A table that nobody has decided about is seen by nobody.
    shared = model in _CATALOGUE or (model in _INTERNAL and not viewer.is_customer)
    return true() if shared or (model in _OF_ADMINS and viewer.is_admin) else false()


def _going_on(model: type[Any]) -> list[ColumnElement[bool]]:
    """Of sessions, only those that are not over."""
    session = models.Session
    ended = [session.ended_at.is_(None), session.expires_at > func.now()]
    return ended if model is session else []


def _orders(viewer: Viewer | Sight) -> Any:
    """The ids of the orders of someone who is not staff."""
    if viewer.is_customer:
        return select(models.Order.id).where(
            models.Order.organization_id == viewer.organization_id,
            models.Order.customer_id == viewer.id,
        )
    return select(models.Assignment.order_id).where(
        models.Assignment.organization_id == viewer.organization_id,
        models.Assignment.person_id == viewer.id,
    )


def _of_orders(model: type[Any], viewer: Viewer | Sight) -> ColumnElement[bool]:
    """A row of an order: seen with it, but customers see nothing of the work but the services."""
    if viewer.is_staff:
        return true()
    if viewer.is_customer and model is not models.OrderService:
        return false()
    return and_(model.order_id.in_(_orders(viewer)))


def _people(viewer: Viewer | Sight) -> ColumnElement[bool]:
    person = models.Person
    if viewer.is_staff:
        return true()
    if viewer.is_customer:
        return person.id == viewer.id
    customers = select(models.Order.customer_id).where(
        models.Order.organization_id == viewer.organization_id,
        models.Order.id.in_(_orders(viewer)),
    )
    return or_(person.permission != Permission.CUSTOMER, person.id.in_(customers))


def _entries(viewer: Viewer | Sight) -> ColumnElement[bool]:
    entry = models.LogEntry
    if viewer.is_staff and not viewer.is_someone:
        return and_(entry.audience != Audience.PERSON)
    mine = and_(entry.audience == Audience.PERSON, entry.recipient_id == viewer.id)
    if viewer.is_staff:
        return or_(entry.audience != Audience.PERSON, mine)
    if viewer.is_customer:
        public = entry.audience == Audience.CUSTOMER
        return and_(public, entry.order_id.in_(_orders(viewer)))
    return and_(entry.order_id.in_(_orders(viewer)), or_(entry.audience != Audience.PERSON, mine))
