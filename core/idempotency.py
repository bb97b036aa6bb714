"""Retries: the same key is answered with the same row and place in the log, and done once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python
from sqlalchemy import inspect

import models
from core import ids
from core.cursors import Cursor
from core.errors import IdempotencyMismatch
from core.statements import seen
from core.transactions import Transaction
from core.viewer import Viewer

KEPT_FOR = timedelta(hours=24)
_CLAIM = """
INSERT INTO idempotency_records AS kept
    (organization_id, person_id, key, id, fingerprint, result) VALUES ($1, $2, $3, $4, $5, '{}')
ON CONFLICT (organization_id, person_id, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, result = excluded.result, created_at = now()
    WHERE kept.created_at < now() - $6::interval
RETURNING id
"""
_CLAIMED = """
SELECT fingerprint, result FROM idempotency_records
WHERE organization_id = $1 AND person_id = $2 AND key = $3
"""
_KEEP = """
UPDATE idempotency_records SET result = $4
WHERE organization_id = $1 AND person_id = $2 AND key = $3
"""


@dataclass(frozen=True)
class Retry:
    """What a request says so that it can be told from its repetition."""

    key: str
    fingerprint: str


async def claim(
    transaction: Transaction, viewer: Viewer, retry: Retry
) -> tuple[Any, Cursor] | None:
    """What was answered to this key before; None if it is new, and then it is the caller's.

    A twin that arrives at the same time waits here until the first has committed or failed.
    """
    mine = viewer.organization_id, viewer.id, retry.key
    if await transaction.fetch(_CLAIM, *mine, models.new_id(), retry.fingerprint, KEPT_FOR):
        return None
    ((fingerprint, result),) = await transaction.fetch(_CLAIMED, *mine)
    if fingerprint != retry.fingerprint:
        raise IdempotencyMismatch("This key was used before with other arguments.")
    return await _row(transaction, viewer, result), Cursor.parse(result["cursor"], "cursor")


async def keep(
    transaction: Transaction, viewer: Viewer, retry: Retry, row: Any, cursor: Cursor
) -> None:
    """Note what is answered: the row, and its place in the log."""
    values = {
        name: to_jsonable_python(getattr(row, name))
        for name, column in inspect(type(row)).columns.items()
        if not column.info.get("erasable")  # what a person deletes may not live on here
    }
    result = {"type": ids.PREFIXES[type(row)], "values": values, "cursor": str(cursor)}
    await transaction.fetch(_KEEP, viewer.organization_id, viewer.id, retry.key, result)


async def _row(transaction: Transaction, viewer: Viewer, result: dict[str, Any]) -> Any:
    """The row as it is now; or, once it has been deleted, as it was."""
    model = ids.MODELS[result["type"]]
    there = seen(viewer, model).where(model.id == UUID(result["values"]["id"]))
    if row := await transaction.row(there):
        return row
    columns = inspect(model).columns
    return model(
        **{
            name: TypeAdapter(columns[name].type.python_type | None).validate_python(value)
            for name, value in result["values"].items()
        }
    )
