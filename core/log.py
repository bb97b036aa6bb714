"""The log's only writer: numbers the entries of a transaction, last of all before its commit."""

from collections.abc import Sequence
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import insert, inspect, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

import models
from core import ids, log_places
from core.cursors import Cursor
from models import Audience, Kind, LogEntry, LogHead


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


async def append(session: AsyncSession, entries: Sequence[LogEntry]) -> Cursor:
    """The place after `entries`, which get the next numbers of their organization's log.

    The head's row stays locked until the commit, so that numbers have no gaps, appear in commit
    order, and number n is visible before n + 1 can be given: nothing slow may follow this call.
    """
    organization_id = entries[0].organization_id
    last = await session.scalar(
        update(LogHead)
        .where(LogHead.organization_id == organization_id)
        .values(last_seq=LogHead.last_seq + len(entries))
        .returning(LogHead.last_seq)
        .execution_options(synchronize_session=False)
    )
    assert last is not None, "an organization is made together with the head of its log"  # noqa: S101
    for seq, each in enumerate(entries, start=last - len(entries) + 1):
        each.seq = seq
    # With nulls rendered, entries of all kinds are one statement.
    await session.execute(
        insert(LogEntry).execution_options(render_nulls=True), [_values(each) for each in entries]
    )
    return Cursor.at(organization_id, last, entries[-1].id)


async def head(session: AsyncSession, organization_id: UUID) -> Cursor:
    """The place after the last entry of the log."""
    seq, entry_id = (await session.execute(log_places.ending(organization_id))).one()
    return Cursor.at(organization_id, seq, entry_id)


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


def _values(row: LogEntry) -> dict[str, Any]:
    given = inspect(row).dict
    return {name: value for name, value in given.items() if name != "_sa_instance_state"}
