"""Pages of lists: keyset cursors, which hold their place while rows come and go."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from core.context import Context
from core.errors import Invalid

DEFAULT_SIZE = 20
_LARGEST = 2**31 - 1  # what an integer column holds
N = TypeVar("N")


@dataclass(frozen=True)
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True)
class Edge(Generic[N]):
    """A row of a page, and its place in the list."""

    node: N
    cursor: str


@dataclass(frozen=True)
class Page(Generic[N]):
    """Some rows of a list, in its order."""

    edges: Sequence[Edge[N]]
    page_info: PageInfo
    count: Callable[[], Awaitable[int]]


@dataclass(frozen=True)
class Key:
    """What a list is sorted by; the last key of a list must tell any two rows apart."""

    name: str
    column: ColumnElement[Any] | InstrumentedAttribute[Any]
    value: Callable[[Any], Any]
    type: type[Any]
    descending: bool = False


@dataclass(frozen=True)
class Slice:
    """Which part of a list is wanted: `first` after `after`, or `last` before `before`."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise Invalid("last", "Give `first` or `last`, not both.")

    @property
    def size(self) -> int:
        """How many rows."""
        return self.first or self.last or DEFAULT_SIZE

    @property
    def backwards(self) -> bool:
        """Whether the rows are counted from the end."""
        return self.last is not None

    def page(
        self, rows: Sequence[N], cursor: Callable[[N], str], count: Callable[[], Awaitable[int]]
    ) -> Page[N]:
        """The page of `rows`, which were read in the slice's direction, one more than wanted."""
        more = len(rows) > self.size
        kept = list(rows[: self.size])
        if self.backwards:
            kept.reverse()
        edges = [Edge(row, cursor(row)) for row in kept]
        info = PageInfo(
            has_next_page=self.before is not None if self.backwards else more,
            has_previous_page=more if self.backwards else self.after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )
        return Page(edges, info, count)


async def page(
    context: Context, statement: Select[Any], keys: Sequence[Key], part: Slice
) -> Page[Any]:
    """The wanted part of `statement`'s rows, sorted by `keys`: one statement, and one to count."""
    wanted = statement
    if part.after is not None:
        wanted = wanted.where(_beyond(keys, _decode(keys, part.after, "after"), forwards=True))
    if part.before is not None:
        wanted = wanted.where(_beyond(keys, _decode(keys, part.before, "before"), forwards=False))
    order = [k.column.desc() if k.descending != part.backwards else k.column.asc() for k in keys]

    async def count() -> int:
        counted = select(func.count()).select_from(statement.order_by(None).subquery())
        return int(await context.first(counted) or 0)

    rows = await context.rows(wanted.order_by(*order).limit(part.size + 1))
    return part.page(rows, lambda row: _encode(keys, row), count)


def _beyond(keys: Sequence[Key], values: Sequence[Any], *, forwards: bool) -> ColumnElement[bool]:
    """The rows after (or before) the place with these values, key by key."""
    steps = []
    for i, (key, value) in enumerate(zip(keys, values, strict=True)):
        same = [k.column == v for k, v in zip(keys[:i], values[:i], strict=True)]
        upwards = key.descending != forwards
        steps.append(and_(*same, key.column > value if upwards else key.column < value))
    return or_(*steps)


def _signature(keys: Sequence[Key]) -> str:
    return ",".join(("-" if key.descending else "") + key.name for key in keys)


def _encode(keys: Sequence[Key], row: Any) -> str:
    raw = orjson.dumps([_signature(keys), *(_plain(key.value(row)) for key in keys)])
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(keys: Sequence[Key], cursor: str, field: str) -> list[Any]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        signature, *values = orjson.loads(raw)
        if signature != _signature(keys):
            raise Invalid(field, "This cursor is of another list, or of another order of this one.")
        return [_value(key, value) for key, value in zip(keys, values, strict=True)]
    except (binascii.Error, ValueError, TypeError, ValidationError) as error:
        raise Invalid(field, "This is not a cursor.") from error


def _value(key: Key, raw: Any) -> Any:
    """A key's value out of a cursor; `ValueError` if the database could not take it."""
    value = TypeAdapter(key.type).validate_python(raw)
    if (isinstance(value, int) and abs(value) > _LARGEST) or (
        isinstance(value, str) and "\0" in value
    ):
        raise ValueError(raw)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    return value if not isinstance(value, (datetime, UUID)) else str(value)
