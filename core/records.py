"""Rows as they are read: tuples with names, much cheaper than mapped objects, and unchangeable."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, ClassVar, TypeAlias

from sqlalchemy import Select, UpdateBase, inspect, select
from sqlalchemy.dialects.postgresql import asyncpg

import models

# The driver makes JSON itself.
DIALECT = asyncpg.dialect(json_serializer=lambda value: value)  # type: ignore[no-untyped-call] # SQLAlchemy's dialects are untyped
_KEPT = 1_000  # of the choices of columns that clients make


class Record(tuple[Any, ...]):
    """A row of a table, with the same names as the table's class; those that were read."""

    __slots__ = ()
    model: ClassVar[type[models.Base]]
    places: ClassVar[Mapping[str, int]]
    """Where in the tuple each column is."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self.model.__name__}.{name} was not read: `reads` must name it.")


def table_of(kind: type[Any]) -> type[Any]:
    """The table's class that a row of a class is of, whether it was read or is worked on."""
    return kind.model if issubclass(kind, Record) else kind


def model_of(row: Any) -> type[Any]:
    """The table's class of a row."""
    return table_of(type(row))


Processor: TypeAlias = Callable[[Any], Any] | None
Bindable: TypeAlias = Select[Any] | UpdateBase
"""A statement that reads, or one that writes."""


@dataclass(frozen=True)
class Shape:
    """What each row of a statement becomes: a record, values, or a record and values."""

    record: type[Record] | None
    values: Sequence[tuple[int, Processor]]
    """Where in the row each value is, and what makes of it that of its column's type."""

    @classmethod
    def of(cls, statement: Bindable) -> "Shape":
        """The shape that a statement was made with; else that of its columns."""
        if shape := statement.get_execution_options().get("shape"):
            made: Shape = shape
            return made
        read = statement.column_descriptions if isinstance(statement, Select) else ()
        if any(each["expr"] is each["entity"] for each in read):
            raise TypeError("Tables are read by `context.select` or `select_records`.")
        columns = statement.exported_columns
        return cls(None, [(i, _processor(each)) for i, each in enumerate(columns)])

    @property
    def model(self) -> type[models.Base]:
        """The table whose rows become records."""
        if self.record is None:
            raise TypeError("This selects values, and no table.")
        return self.record.model

    def rows(self, found: Sequence[Any]) -> Sequence[Any]:
        """What was selected: records or values, or tuples of them."""
        if self.record is None:
            values = [self._column(found, *each) for each in self.values]
            return values[0] if len(values) == 1 else list(zip(*values, strict=True))
        records = list(map(self.record, found))
        if not self.values:
            return records
        return list(
            zip(records, *(self._column(found, *each) for each in self.values), strict=True)
        )

    def _column(self, found: Sequence[Any], place: int, process: Processor) -> list[Any]:
        values = map(itemgetter(place), found)
        return list(map(process, values) if process else values)


@cache
def select_records(model: type[models.Base], *more: Any) -> Select[Any]:
    """A statement that selects all columns of a table as records, and more columns as values."""
    return select_some(model, None, *more)


def select_some(entity: Any, names: Sequence[str] | None, *more: Any) -> Select[Any]:
    """The same with columns of these names only; of a table, or of an alias of one."""
    model = inspect(entity).mapper.class_
    record = record_of(model, _names(model) if names is None else tuple(names))
    columns = [getattr(entity, name) for name in record.places]
    values = [(i, _processor(each)) for i, each in enumerate(more, start=len(columns))]
    return select(*columns, *more).execution_options(shape=Shape(record, values))


def select_fewer(statement: Select[Any], names: Sequence[str]) -> Select[Any]:
    """A statement that selects a table as records, with columns of these names only."""
    model = Shape.of(statement).model
    columns = [getattr(model, name) for name in names]
    shape = Shape(record_of(model, tuple(names)), [])
    return statement.with_only_columns(*columns).execution_options(shape=shape)


@cache
def _names(model: type[models.Base]) -> tuple[str, ...]:
    return tuple(attribute.key for attribute in inspect(model).column_attrs)


@lru_cache(_KEPT)
def record_of(model: type[models.Base], names: tuple[str, ...]) -> type[Record]:
    """The class of a table's rows of which the columns of these names were read."""
    places = {name: i for i, name in enumerate(names)}
    columns = {name: _column(model, name, i) for name, i in places.items()}
    namespace = {"__slots__": (), "model": model, "places": places, **columns}
    return type(model.__name__, (Record,), namespace)


def _column(model: type[models.Base], name: str, place: int) -> property:
    get = itemgetter(place)
    if process := _processor(getattr(model, name)):
        return property(lambda row: process(get(row)))
    return property(get)


def _processor(column: Any) -> Processor:
    """What makes of the driver's value that of the column's type; None if it is that already."""
    processor: Processor = column.type.dialect_impl(DIALECT).result_processor(DIALECT, None)
    return processor
