"""Anything by its id."""

from collections import defaultdict
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import Select
from typing_extensions import Doc

import models
from core.arguments import AnyId
from core.context import Info
from core.errors import Invalid
from core.statements import Sees
from engine.fields import rows_of, within
from models import LogEntry

_AT_ONCE = 100
Id = Annotated[tuple[type[Any], UUID], AnyId()]


async def node(info: Info, id: Id) -> Any | None:
    """Anything by its id; null if there is no such thing, as far as the viewer may know."""
    return (await nodes(info, [id]))[0]


async def nodes(
    info: Info, ids: Annotated[list[Id], Doc("At most 100 ids, of anything.")]
) -> list[Any | None]:
    """Several things by their ids, in the order of the ids; null for those there are not."""
    if len(ids) > _AT_ONCE:
        raise Invalid("ids", f"{_AT_ONCE} at once are the limit.")
    wanted: dict[type[Any], set[UUID]] = defaultdict(set)
    for model, key in ids:
        wanted[model].add(key)
    found: dict[tuple[type[Any], UUID], Any] = {}
    for model, keys in wanted.items():
        rows = await (_shared if model is LogEntry else rows_of)(info, model, keys)
        found.update({(model, key): row for key, row in rows.items()})
    return [found.get(each) for each in ids]


async def _shared(info: Info, model: Any, keys: set[UUID]) -> dict[UUID, Any]:
    """Entries by their ids. What only one person is told is no node: its subject is."""
    rows = await info.read(_entries, model, keys=keys, kinds=models.SHARED)
    return {row.id: row for row in rows}


def _entries(sees: Sees, model: Any) -> Select[Any]:
    return sees.select(model).where(within(model.id, "keys"), within(model.kind, "kinds"))
