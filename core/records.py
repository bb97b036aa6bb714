"""Rows as they are read: tuples with names, much cheaper than mapped objects, and unchangeable."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, ClassVar, TypeAlias

from sqlalchemy import Select, inspect, select
from sqlalchemy.dialects.postgresql import asyncpg

import models

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's dialects are untyped


class Record(tuple[Any, ...]):
    """A row of a table, with the same names as the table's class."""

    __slots__ = ()
    model: ClassVar[type[models.Base]]

    __hash__ = object.__hash__
    __eq__ = object.__eq__


def table_of(kind: type[Any]) -> type[Any]:
    """The table's class that a row of a class is of, whether it was read or is worked on."""
    return kind.model if issubclass(kind, Record) else kind


def model_of(row: Any) -> type[Any]:
    """The table's class of a row."""
    return table_of(type(row))


Processor: TypeAlias = Callable[[Any], Any] | None


@dataclass(frozen=True)
class Shape:
    """What each row of a statement becomes: a record for each table, a value for each column."""

    parts: Sequence[tuple[slice, type[Record] | None, Processor]]

    @classmethod
    def of(cls, statement: Select[Any]) -> "Shape":
        """The shape that a statement was made with; else that of its columns."""
        if shape := statement.get_execution_options().get("shape"):
            made: Shape = shape
            return made
        if any(each["expr"] is each["entity"] for each in statement.column_descriptions):
            raise TypeError("Tables are read by `context.select` or `select_records`.")
        columns = statement.selected_columns
        return cls([(slice(i, i + 1), None, _processor(each)) for i, each in enumerate(columns)])

    def rows(self, found: Sequence[Any]) -> Sequence[Any]:
        """What was selected: records or values, or tuples of them."""
        (_, record, process), *more = self.parts
        if more:
            return [tuple(self._values(row)) for row in found]
        if record:
            return list(map(record, found))
        return [process(row[0]) for row in found] if process else [row[0] for row in found]

    def _values(self, row: Any) -> Iterator[Any]:
        for part, record, process in self.parts:
            if record:
                yield record(row[part])
            else:
                yield process(row[part.start]) if process else row[part.start]


@cache
def select_records(*wanted: Any) -> Select[Any]:
    """A statement that selects tables as records, and columns as values; made once."""
    return select_aliases(*wanted)


def select_aliases(*wanted: Any) -> Select[Any]:
    """The same of aliases of tables, which are other ones each time."""
    columns: list[Any] = []
    parts: list[tuple[slice, type[Record] | None, Processor]] = []
    for each in wanted:
        found: Any = inspect(each, raiseerr=False)
        table = getattr(found, "is_mapper", False) or getattr(found, "is_aliased_class", False)
        record = _record(found.mapper.class_) if table else None
        start = len(columns)
        columns += [getattr(each, name) for name in _names(record.model)] if record else [each]
        process = None if record else _processor(each)
        parts.append((slice(start, len(columns)), record, process))
    return select(*columns).execution_options(shape=Shape(parts))


@cache
def _names(model: type[models.Base]) -> tuple[str, ...]:
    return tuple(attribute.key for attribute in inspect(model).column_attrs)


@cache
def _record(model: type[models.Base]) -> type[Record]:
    columns = {name: _column(model, name, i) for i, name in enumerate(_names(model))}
    return type(model.__name__, (Record,), {"__slots__": (), "model": model, **columns})


def _column(model: type[models.Base], name: str, place: int) -> property:
    get = itemgetter(place)
    if process := _processor(getattr(model, name)):
        return property(lambda row: process(get(row)))
    return property(get)


def _processor(column: Any) -> Processor:
    """What makes of the driver's value that of the column's type; None if it is that already."""
    processor: Processor = column.type.dialect_impl(DIALECT).result_processor(DIALECT, None)
    return processor
