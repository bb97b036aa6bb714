"""Pages of lists: keyset cursors, which hold their place while rows come and go."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from core.context import Info
from core.errors import Invalid
from core.statements import Build, Sees, narrowed

DEFAULT_SIZE = 20
_LARGEST = 2**31 - 1  # what an integer column holds
_LIMITS = ("after", "before")
N = TypeVar("N")


@dataclass(slots=True, eq=False)
class Edge(Generic[N]):
    """A row of a page, and its place in the list."""

    node: N
    place: Callable[[N], str]

    @property
    def cursor(self) -> str:
        """Its place, made when it is asked for."""
        return self.place(self.node)


@dataclass(frozen=True)
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool
    has_previous_page: bool
    edges: Sequence[Edge[Any]]

    @property
    def start_cursor(self) -> str | None:
        """The place of the first edge."""
        return self.edges[0].cursor if self.edges else None

    @property
    def end_cursor(self) -> str | None:
        """The place of the last edge."""
        return self.edges[-1].cursor if self.edges else None


@dataclass(frozen=True)
class Page(Generic[N]):
    """Some rows of a list, in its order."""

    edges: Sequence[Edge[N]]
    page_info: PageInfo
    count: Callable[[], Awaitable[int]]


@dataclass(frozen=True, eq=False)
class Key:
    """What a list is sorted by; the last key of a list must tell any two rows apart.

    Made once for each: pages are prepared by the identity of their keys.
    """

    name: str
    reads: str
    """The column of a row that it is made of."""
    column: ColumnElement[Any] | InstrumentedAttribute[Any]
    value: Callable[[Any], Any]
    type: Any
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
        edges = [Edge(row, cursor) for row in kept]
        info = PageInfo(
            has_next_page=self.before is not None if self.backwards else more,
            has_previous_page=more if self.backwards else self.after is not None,
            edges=edges,
        )
        return Page(edges, info, count)


async def page(
    info: Info, source: Build | Select[Any], keys: Sequence[Key], part: Slice
) -> Page[Any]:
    """The wanted part of a list, sorted by `keys`: one statement, and one to count.

    The list is a statement, or `source(sees, reads=…)` builds one: then its pages are prepared.
    """
    keys = tuple(keys)
    given: dict[str, Any] = {"size": part.size + 1}
    for field in _LIMITS:
        if (cursor := getattr(part, field)) is not None:
            values = _decode(keys, cursor, field)
            given |= {f"{field}_{i}": value for i, value in enumerate(values)}
    limits = tuple(field for field in _LIMITS if getattr(part, field) is not None)
    if callable(source):
        rows = await info.read(_part, source, keys, limits, part.backwards, **given)
    else:
        statement = narrowed(source, info.needs, [key.reads for key in keys])
        statement = _cut(statement, keys, limits, backwards=part.backwards)
        rows = await info.noted(info.context.rows(statement, **given))

    async def count() -> int:
        context = info.context
        counting = (
            context.read(_length, source) if callable(source) else context.rows(_counted(source))
        )
        return int((await info.noted(counting))[0])

    return part.page(rows, lambda row: _encode(keys, row), count)


def _part(
    sees: Sees, source: Build, keys: Sequence[Key], limits: Sequence[str], backwards: bool
) -> Select[Any]:
    wanted = source(sees, reads=[key.reads for key in keys])
    return _cut(wanted, keys, limits, backwards=backwards)


def _length(sees: Sees, source: Build) -> Select[Any]:
    return _counted(source(sees))


def _counted(statement: Select[Any]) -> Select[Any]:
    return select(func.count()).select_from(statement.order_by(None).subquery())


def _cut(
    statement: Select[Any], keys: Sequence[Key], limits: Sequence[str], *, backwards: bool
) -> Select[Any]:
    """The `size` first rows of a statement within its limits, or the last ones."""
    for field in limits:
        statement = statement.where(_beyond(keys, field, forwards=field == "after"))
    order = [k.column.desc() if k.descending != backwards else k.column.asc() for k in keys]
    return statement.order_by(*order).limit(bindparam("size", type_=Integer()))


def _beyond(keys: Sequence[Key], field: str, *, forwards: bool) -> ColumnElement[bool]:
    """The rows after (or before) the place whose values are parameters, key by key."""
    steps = []
    for i, key in enumerate(keys):
        same = [k.column == _value_of(k, field, j) for j, k in enumerate(keys[:i])]
        value = _value_of(key, field, i)
        upwards = key.descending != forwards
        steps.append(and_(*same, key.column > value if upwards else key.column < value))
    return or_(*steps)


def _value_of(key: Key, field: str, place: int) -> Any:
    return bindparam(f"{field}_{place}", type_=key.column.type)


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
    value = _adapter(key.type).validate_python(raw)
    if (isinstance(value, int) and abs(value) > _LARGEST) or (
        isinstance(value, str) and "\0" in value
    ):
        raise ValueError(raw)
    return value


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    return value if not isinstance(value, (datetime, UUID)) else str(value)
