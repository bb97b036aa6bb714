"""Statements that write the rows of tables: built once for each table, and choice of columns."""

from collections.abc import Callable, Hashable, Mapping
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import bindparam, delete, insert, inspect, update

from core.records import Shape, model_of, record_of
from core.statements import Statement, prepare
from models import Base

_KEPT = 1_000
_KEY = "key_"  # before the names of columns that a row is found by


def insertion(row: Any) -> Statement:
    """What stores a new row, and gives what the database makes of what is not given."""
    model: Any = type(row)
    given = inspect(row).dict
    return _insertion(model, tuple(each for each in _by_database(model) if each not in given))


def values(row: Any) -> Mapping[str, Any]:
    """What a new row is stored with: what is given, and what each column begins with."""
    model: Any = type(row)
    given: dict[str, Any] = inspect(row).dict
    for name, begin in _beginnings(model).items():
        if name not in given:
            given[name] = begin()
    return given


def change(row: Any) -> Statement:
    """What stores the changes of a row, and gives what the database changes besides."""
    model: Any = type(row)
    return _change(model, tuple(sorted(changes(row))))


def changes(row: Any) -> dict[str, Any]:
    """What has been changed of a row since it was read or written."""
    state = inspect(row)
    before, now = state.committed_state, state.dict
    return {name: now[name] for name, value in before.items() if now[name] != value}


def deletion(row: Any) -> Statement:
    """What deletes a row."""
    model: Any = type(row)
    return _deletion(model)


def keys(row: Any) -> dict[str, Any]:
    """What a row is found by when it is changed or deleted."""
    model: Any = model_of(row)
    return {_KEY + name: getattr(row, name) for name in _primary(model)}


def identity(row: Any) -> Hashable:
    """Which row it is, whether it was read or is worked on."""
    model: Any = model_of(row)
    return (model, *[getattr(row, name) for name in _primary(model)])


@lru_cache(_KEPT)
def _insertion(model: type[Base], told: tuple[str, ...]) -> Statement:
    given = [attribute.key for attribute in inspect(model).column_attrs]
    wanted = _told(insert(_table(model)), model, told or _primary(model))
    return prepare(wanted, [name for name in given if name not in told])


@lru_cache(_KEPT)
def _change(model: type[Base], names: tuple[str, ...]) -> Statement:
    columns = inspect(model).columns
    told = [name for name, column in columns.items() if column.onupdate and name not in names]
    wanted = _told(update(_table(model)), model, tuple(told) or _primary(model))
    return prepare(wanted.where(*_found(model)), list(names))


@cache
def _deletion(model: type[Base]) -> Statement:
    return prepare(_told(delete(_table(model)), model, _primary(model)).where(*_found(model)))


def _told(statement: Any, model: type[Base], names: tuple[str, ...]) -> Any:
    """The same statement, which tells columns of these names as a record."""
    columns = inspect(model).columns
    shape = Shape(record_of(model, names), [])
    return statement.returning(*(columns[name] for name in names)).execution_options(shape=shape)


def _found(model: type[Base]) -> list[Any]:
    columns = inspect(model).columns
    names = _primary(model)
    return [columns[each] == bindparam(_KEY + each, type_=columns[each].type) for each in names]


def _table(model: type[Base]) -> Any:
    return model.__table__


@cache
def _primary(model: type[Base]) -> tuple[str, ...]:
    return tuple(str(column.key) for column in inspect(model).primary_key)


@cache
def _by_database(model: type[Base]) -> tuple[str, ...]:
    """The columns to which the database gives a value that is not null."""
    columns = inspect(model).columns.items()
    return tuple(name for name, column in columns if column.server_default is not None)


@cache
def _beginnings(model: type[Base]) -> Mapping[str, Callable[[], Any]]:
    """What makes the first value of each of the other columns."""
    columns = inspect(model).columns.items()
    return {
        name: _beginning(column.default)
        for name, column in columns
        if column.server_default is None
    }


def _beginning(default: Any) -> Callable[[], Any]:
    if default is None:
        return lambda: None
    return (lambda: default.arg(None)) if default.is_callable else (lambda: default.arg)
