"""The log's only writer: numbers the entries of a transaction, last of all before its commit."""

from collections.abc import Sequence
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import InstrumentedAttribute

import models
from core import ids, writes
from core.cursors import Cursor
from core.transactions import Transaction
from models import Audience, Kind, LogEntry

_GIVEN = (
    *("id", "kind", "order_id", "order_service_id", "subject_type", "subject_id"),
    *("subject_version", "actor_id", "audience", "recipient_id", "params"),
)
_APPEND = """
WITH head AS (
    UPDATE log_heads SET last_seq = last_seq + $2 WHERE organization_id = $1 RETURNING last_seq
)
INSERT INTO log_entries (organization_id, seq, {names})
SELECT $1, last_seq - $2 + ordinality, {names}
FROM head, jsonb_populate_recordset(NULL::log_entries, $3) WITH ORDINALITY
RETURNING seq
""".format(names=", ".join(_GIVEN))  # noqa: S608 - they are names of columns


def entry(
    kind: Kind,
    subject: Any,
    actor_id: UUID | None,
    *,
    recipient_id: UUID | None = None,
    **params: Any,
) -> LogEntry:
    """An entry about `subject`, for one recipient alone if given, yet without its number."""
    shared = Audience.CUSTOMER if kind in models.FOR_CUSTOMERS else Audience.STAFF
    return LogEntry(
        organization_id=subject.organization_id,
        id=models.new_id(),
        kind=kind,
        order_id=(
            subject.id if isinstance(subject, models.Order) else getattr(subject, "order_id", None)
        ),
        order_service_id=(
            subject.id
            if isinstance(subject, models.OrderService)
            else getattr(subject, "order_service_id", None)
        ),
        subject_type=ids.PREFIXES[type(subject)],
        subject_id=subject.id,
        subject_version=getattr(subject, "version", None),
        actor_id=actor_id,
        audience=Audience.PERSON if recipient_id else shared,
        recipient_id=recipient_id,
        params={"name": name, **params} if (name := _name(subject)) else params,
    )


def _name(subject: Any) -> str | None:
    """What people call it, as it was at the time; messages have no name."""
    if isinstance(subject, models.ChecklistItem):
        return subject.text
    return getattr(subject, "name", None) or getattr(subject, "title", None)


async def append(transaction: Transaction, entries: Sequence[LogEntry]) -> Cursor:
    """The place after `entries`, which get the next numbers of their organization's log.

    The head's row stays locked until the commit, so that numbers have no gaps, appear in commit
    order, and number n is visible before n + 1 can be given: nothing slow may follow this call.
    """
    organization_id, fresh = entries[0].organization_id, [writes.values(each) for each in entries]
    given = [{name: values[name] for name in _GIVEN} for values in fresh]
    numbers = await transaction.fetch(_APPEND, organization_id, len(entries), given)
    assert numbers, "an organization is made together with the head of its log"  # noqa: S101
    for each, (seq,) in zip(entries, sorted(numbers), strict=True):
        each.seq = seq
    return Cursor.at(organization_id, entries[-1].seq, entries[-1].id)


def named(entry: LogEntry) -> frozenset[UUID]:
    """The people whom an entry names as having, or no longer having, a part in its order."""
    if entry.kind not in models.PARTS:
        return frozenset()
    changes = entry.params.get("changes", {}).values()
    named = [value for before_and_after in changes for value in before_and_after if value]
    return frozenset(ids.decode_as(models.Person, value, "changes") for value in named)


def plain(attribute: InstrumentedAttribute[Any], value: Any) -> Any:
    """A column's value as the log keeps it: text, number, or nothing."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, UUID):
        targets = [key.column.table.name for key in attribute.property.columns[0].foreign_keys]
        prefix = next(ids.TABLES[target] for target in targets if target in ids.TABLES)
        return ids.encode(ids.MODELS[prefix], value)
    return value.isoformat() if hasattr(value, "isoformat") else value
