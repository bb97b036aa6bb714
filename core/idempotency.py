"""Retries: the same key is answered with the same row and place in the log, and done once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python
from sqlalchemy import delete, func, inspect, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import models
from core import ids
from core.cursors import Cursor
from core.database import Database
from core.errors import IdempotencyMismatch
from core.viewer import Viewer
from core.visibility import visible
from models import IdempotencyRecord

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class Retry:
    """What a request says so that it can be told from its repetition."""

    key: str
    fingerprint: str


async def claim(session: AsyncSession, viewer: Viewer, retry: Retry) -> tuple[Any, Cursor] | None:
    """What was answered to this key before; None if it is new, and then it is the caller's.

    A twin that arrives at the same time waits here until the first has committed or failed.
    """
    record = IdempotencyRecord
    fresh = insert(record).values(
        organization_id=viewer.organization_id,
        id=models.new_id(),
        person_id=viewer.id,
        key=retry.key,
        fingerprint=retry.fingerprint,
        result={},
    )
    claimed = await session.scalar(
        fresh.on_conflict_do_update(
            index_elements=[record.organization_id, record.person_id, record.key],
            set_={"fingerprint": retry.fingerprint, "result": {}, "created_at": func.now()},
            where=record.created_at < func.now() - KEPT_FOR,
        ).returning(record.id)
    )
    if claimed:
        return None
    kept = (await session.scalars(select(record).where(*_of(viewer, retry.key)))).one()
    if kept.fingerprint != retry.fingerprint:
        raise IdempotencyMismatch("This key was used before with other arguments.")
    return await _row(session, viewer, kept.result), Cursor.parse(kept.result["cursor"], "cursor")


async def keep(
    session: AsyncSession, viewer: Viewer, retry: Retry, row: Any, cursor: Cursor
) -> None:
    """Note what is answered: the row, and its place in the log."""
    values = {
        name: to_jsonable_python(getattr(row, name))
        for name, column in inspect(type(row)).columns.items()
        if not column.info.get("erasable")  # what a person deletes may not live on here
    }
    result = {"type": ids.PREFIXES[type(row)], "values": values, "cursor": str(cursor)}
    await session.execute(
        update(IdempotencyRecord).where(*_of(viewer, retry.key)).values(result=result)
    )


async def forget(database: Database) -> None:
    """Delete what was kept for long enough."""
    record = IdempotencyRecord
    async with database.transaction() as session:
        await session.execute(delete(record).where(record.created_at < func.now() - KEPT_FOR))


async def _row(session: AsyncSession, viewer: Viewer, result: dict[str, Any]) -> Any:
    """The row as it is now; or, once it has been deleted, as it was."""
    model = ids.MODELS[result["type"]]
    there = select(model).where(visible(model, viewer), model.id == UUID(result["values"]["id"]))
    if row := (await session.scalars(there)).one_or_none():
        return row
    columns = inspect(model).columns
    return model(
        **{
            name: TypeAdapter(columns[name].type.python_type | None).validate_python(value)
            for name, value in result["values"].items()
        }
    )


def _of(viewer: Viewer, key: str) -> Any:
    record = IdempotencyRecord
    return (
        record.organization_id == viewer.organization_id,
        record.person_id == viewer.id,
        record.key == key,
    )
