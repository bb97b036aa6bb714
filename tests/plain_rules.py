"""Who may see what, once more and in plain Python: what the API answers must agree with it."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import typeid
from sqlalchemy import inspect

import models
from core import ids
from models import ACTIVITY, PARTS, Audience, Permission, Person

_MARK = re.compile(r"untold[a-z0-9]+")  # neither ids nor cursors have such words
_ID = re.compile(r"\b[a-z]{3}_[0-7][0-9a-z]{25}\b")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CURSOR = re.compile(r'(?<=")[A-Za-z0-9_-]{20,}(?=")')
_CATALOGUE = (models.Service, models.Package, models.PackageService)
_OWN = (models.ReadMarker, models.IdempotencyRecord, models.Session)
_NOBODYS = (models.Credential, models.Identity)
_UNSHOWN = {
    *(models.LogHead, models.PackageService, models.PersistedDocument),
    *_NOBODYS,
    *(table for table in _OWN if table is not models.Session),
}
_INTERNAL = {
    models.Order: {"notes"},
    models.OrderService: {"notes", "escalation_reason"},
    models.Service: {"notes"},
}


def traces(told: Any) -> set[str]:
    """The marks and the keys in an answer, also inside the cursors of lists."""
    text = json.dumps(told)
    return set(_traces(text)) | {t for c in _CURSOR.findall(text) for t in _traces(_decoded(c))}


def _traces(text: str) -> Iterator[str]:
    yield from _MARK.findall(text)
    yield from _UUID.findall(text)
    for each in _ID.findall(text):
        yield str(UUID(int=typeid.TypeID.from_string(each).uuid.int))


def _decoded(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("latin-1")
    except binascii.Error:
        return ""


@dataclass(frozen=True)
class Facts:
    """All rows of some agencies, by table."""

    rows: dict[type[Any], list[Any]]

    def seen(self, by: Person, table: type[Any]) -> set[UUID]:
        """The keys of the rows of a table that somebody may see."""
        return {row.id for row in self.rows[table] if self.may_see(by, row)}

    def visible(self, by: Person) -> Iterator[Any]:
        """All rows that somebody may see, and that the API has names for."""
        for table, rows in self.rows.items():
            if table not in _UNSHOWN:
                yield from (row for row in rows if self.may_see(by, row))

    def may_see(self, by: Person, row: Any) -> bool:  # noqa: PLR0911
        """Whether somebody may see a row."""
        if isinstance(row, models.Organization):
            return row.id == by.organization_id
        if row.organization_id != by.organization_id or isinstance(row, _NOBODYS):
            return False
        if isinstance(row, models.LogEntry):
            return self._may_read(by, row)
        if isinstance(row, _OWN):
            return bool(row.person_id == by.id and getattr(row, "ended_at", None) is None)
        if isinstance(row, models.Person):
            return self._may_know(by, row)
        if isinstance(row, models.Order):
            return self.sees_order(by, row.id)
        if isinstance(row, models.OfOrder):
            internal = not isinstance(row, models.OrderService)
            return not (_is_customer(by) and internal) and self.sees_order(by, row.order_id)
        if isinstance(row, models.ChecklistTemplate):
            return not _is_customer(by)
        if isinstance(row, models.ApiKey):
            return by.permission is Permission.ADMIN
        assert isinstance(row, _CATALOGUE), f"say here who may see a {type(row).__name__}"
        return True

    def sees_order(self, by: Person, order_id: UUID | None) -> bool:
        """Whether somebody may see an order: staff do, who is assigned to it, and who booked it."""
        orders = (o for o in self.rows[models.Order] if o.organization_id == by.organization_id)
        order = next((each for each in orders if each.id == order_id), None)
        if order is None or _is_customer(by):
            return order is not None and order.customer_id == by.id
        assigned = {(each.person_id, each.order_id) for each in self.rows[models.Assignment]}
        return by.permission is not Permission.CONTRACTOR or (by.id, order_id) in assigned

    def _may_know(self, by: Person, whom: Person) -> bool:
        if self.is_staff(by) or by.id == whom.id:
            return True
        if _is_customer(by):
            return False
        booked = (o.id for o in self.rows[models.Order] if o.customer_id == whom.id)
        return not _is_customer(whom) or any(self.sees_order(by, order) for order in booked)

    def _may_read(self, by: Person, entry: models.LogEntry) -> bool:
        if entry.order_id is None and by.permission in (Permission.ADMIN, Permission.STAFF):
            return entry.audience is not Audience.PERSON or entry.recipient_id == by.id
        if not self.sees_order(by, entry.order_id):
            return False
        if _is_customer(by):
            return entry.audience is Audience.CUSTOMER
        return entry.audience is not Audience.PERSON or entry.recipient_id == by.id

    def names(self, by: Person, entry: models.LogEntry) -> bool:
        """Whether an entry says that somebody has a part in an order, or has it no more."""
        changes = json.dumps(entry.params.get("changes"))
        return entry.kind in PARTS and ids.encode(Person, by.id) in changes

    def is_staff(self, by: Person) -> bool:
        """Whether somebody runs the agency's orders."""
        return by.permission in (Permission.ADMIN, Permission.STAFF)

    def everything(self) -> set[str]:
        """The keys of all rows, and the marks in them."""
        rows = [row for of_table in self.rows.values() for row in of_table]
        return {trace for row in rows for trace in (*_keys(row)[:1], *_marks(row, set()))}

    def readable(self, by: Person) -> set[str]:
        """The traces that answers to somebody may have."""
        found = set()
        for row in self.visible(by):
            found |= {*_keys(row), *_marks(row, _hidden(by, row))}
            if isinstance(row, models.LogEntry) and by.permission is Permission.CONTRACTOR:
                # The agency's people may know which customer an order had before.
                found |= traces(row.params.get("changes"))
        entries = self.rows[models.LogEntry]
        return found | {str(each.order_id) for each in entries if self.names(by, each)}

    def shown(self, by: Person) -> set[str]:
        """The traces that answers to somebody must have, if everything is asked for."""
        found = set()
        for row in self.visible(by):
            if not isinstance(row, models.LogEntry):
                found |= {*_keys(row), *_marks(row, _hidden(by, row))}
            elif row.kind in ACTIVITY:
                found |= {*_keys(row), *_MARK.findall(json.dumps(_told(row)))}
        return found


def _told(entry: models.LogEntry) -> list[object]:
    """What of an entry's params is shown as it is."""
    return [entry.params.get(name) for name in ("changes", "items")]


def _is_customer(person: Person) -> bool:
    return person.permission is Permission.CUSTOMER


def _hidden(by: Person, row: Any) -> set[str]:
    return _INTERNAL.get(type(row), set()) if _is_customer(by) else set()


def _keys(row: Any) -> list[str]:
    """Its own key, and that of what it is about, which may be gone."""
    keys = [getattr(row, "id", None), getattr(row, "subject_id", None)]
    return [str(key) for key in keys if key]


def _marks(row: Any, hidden: set[str]) -> Iterator[str]:
    """The marks in its columns, but for the hidden ones."""
    for name in set(inspect(type(row)).columns.keys()) - hidden:
        if isinstance(value := getattr(row, name), str | list | dict):
            yield from _MARK.findall(json.dumps(value, default=str))


def known(table: type[Any]) -> bool:
    """Whether rows of a table have ids that clients know."""
    return table in ids.PREFIXES
