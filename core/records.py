"""Rows as they are read: tuples with names, much cheaper than mapped objects, and unchangeable."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, ClassVar

from sqlalchemy import Row, Select, inspect, select

import models


class Record(tuple[Any, ...]):
    """A row of a table, with the same names as the table's class."""

    __slots__ = ()
    model: ClassVar[type[models.Base]]

    __hash__ = object.__hash__
    __eq__ = object.__eq__


def model_of(row: Any) -> type[Any]:
    """The table's class of a row, whether it was read or is being worked on."""
    return row.model if isinstance(row, Record) else type(row)


@dataclass(frozen=True)
class Shape:
    """What each row of a statement becomes: a record for each table, a value for each column."""

    parts: Sequence[tuple[slice, type[Record] | None]]

    def rows(self, found: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[Any]:
        """What was selected: records or values, or tuples of them."""
        (_, first), *more = self.parts
        if not more:
            return [row[0] for row in found] if first is None else list(map(first, found))
        return [
            tuple(record(row[part]) if record else row[part.start] for part, record in self.parts)
            for row in found
        ]


@cache
def select_records(*wanted: Any) -> Select[Any]:
    """A statement that selects tables as records, and columns as values; made once."""
    return select_aliases(*wanted)


def select_aliases(*wanted: Any) -> Select[Any]:
    """The same of aliases of tables, which are other ones each time."""
    columns: list[Any] = []
    parts: list[tuple[slice, type[Record] | None]] = []
    for each in wanted:
        found = inspect(each)
        record = None if found.is_attribute else _record(found.mapper.class_)
        start = len(columns)
        columns += [getattr(each, name) for name in _names(record.model)] if record else [each]
        parts.append((slice(start, len(columns)), record))
    return select(*columns).execution_options(shape=Shape(parts))


def shaped(statement: Select[Any], found: Sequence[Row[*tuple[Any, ...]]]) -> Sequence[Any]:
    """The rows that a statement has found, as it wants them: else single values, or tuples."""
    if shape := statement.get_execution_options().get("shape"):
        rows: Sequence[Any] = shape.rows(found)
        return rows
    if any(each["expr"] is each["entity"] for each in statement.column_descriptions):
        raise TypeError("Tables are read by `context.select` or `select_records`.")
    return [row[0] for row in found] if found and len(found[0]) == 1 else found


@cache
def _names(model: type[models.Base]) -> tuple[str, ...]:
    return tuple(attribute.key for attribute in inspect(model).column_attrs)


@cache
def _record(model: type[models.Base]) -> type[Record]:
    columns = {name: property(itemgetter(i)) for i, name in enumerate(_names(model))}
    return type(model.__name__, (Record,), {"__slots__": (), "model": model, **columns})
