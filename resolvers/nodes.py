"""Anything by its id."""

from collections import defaultdict
from typing import Annotated, Any
from uuid import UUID

from typing_extensions import Doc

import models
from core.arguments import AnyId
from core.context import Info
from core.errors import Invalid
from engine.fields import among
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
        statement = info.context.select(model).where(among(model.id, keys))
        if model is LogEntry:  # what only one person is told is no node: its subject is
            statement = statement.where(among(LogEntry.kind, models.SHARED))
        found.update({(model, row.id): row for row in await info.context.rows(statement)})
    return [found.get(each) for each in ids]
