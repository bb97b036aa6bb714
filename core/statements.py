"""Statements for reads: built and compiled once where they can be, fetched by the driver itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Select, inspect
from sqlalchemy.engine.interfaces import CompiledCacheType
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import LRUCache

from core.records import (
    DIALECT,
    Bindable,
    Processor,
    Shape,
    select_fewer,
    select_records,
    select_some,
)
from core.viewer import Sight, SightOfAnyone, Viewer
from core.visibility import visible
from engine.needs import Needs
from engine.selections import EVERYTHING
from models import Base, Permission

_KEPT = 1_000

Build: TypeAlias = Callable[..., Select[Any]]
"""A function that builds a statement for a `Sees`: its parameters stand in it by their names."""


class Sees:
    """Builds statements for whoever has a permission: ids of the viewer are parameters.

    Of a table that the query `needs`, it selects the columns that are needed.
    """

    def __init__(self, permission: Permission, needs: Needs | None, *, is_someone: bool) -> None:
        self.sight = Sight(permission) if is_someone else SightOfAnyone(permission)
        self._needs = needs

    def select(self, model: type[Any], *more: Any, reads: Sequence[str] = ()) -> Select[Any]:
        """The rows of `model` that the viewer may see; and what else is told of each.

        Besides what the query needs, whoever builds it `reads` these columns.
        """
        return self.rows(model, *more, reads=reads).where(self.visible(model))

    def rows(self, entity: Any, *more: Any, reads: Sequence[str] = ()) -> Select[Any]:
        """The same of an alias of what was selected so."""
        names = _needed(self._needs, inspect(entity).mapper.class_, reads)
        return select_some(entity, names, *more)

    def visible(self, model: type[Any]) -> Any:
        """The condition that the viewer may see a row of `model`."""
        return visible(model, self.sight)


def narrowed(statement: Select[Any], needs: Needs | None, reads: Sequence[str]) -> Select[Any]:
    """A statement of a table's rows, with those columns only that are needed or read."""
    names = _needed(needs, Shape.of(statement).model, reads)
    return statement if names is None else select_fewer(statement, names)


def _needed(needs: Needs | None, model: type[Any], reads: Sequence[str]) -> Sequence[str] | None:
    """The names of the columns that are needed of a table, or read; None for all."""
    if needs is None or (model, EVERYTHING) in needs:
        return None
    return sorted({name for table, name in needs if table is model} | {"id", *reads})


def seen(viewer: Viewer | Sight, model: type[Any], *more: Any) -> Select[Any]:
    """The rows of `model` that a viewer may see; and what else is told of each."""
    table: type[Base] = model
    return select_records(table, *more).where(visible(model, viewer))


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A statement as the driver wants it: its text, its arguments, and what its rows become."""

    sql: str
    takes: Sequence[tuple[str, Processor]]
    """The name of each argument in their order, and what makes the driver's value of it."""
    own: Mapping[str, Any]
    """The arguments that it came with."""
    shape: Shape

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The arguments in their order: each is given, or the statement came with it."""
        given = {**self.own, **values}
        return [process(given[name]) if process else given[name] for name, process in self.takes]


@lru_cache(_KEPT)
def prepared(
    build: Build,
    permission: Permission,
    needs: Needs | None,
    *fixed: Any,
    is_someone: bool = True,
) -> Statement:
    """The statement that `build(sees, *fixed)` builds for a permission; made once.

    Unless it `is_someone` who asks, it can't depend on who does.
    """
    return prepare(build(Sees(permission, needs, is_someone=is_someone), *fixed))


def prepare(statement: Bindable, columns: list[str] | None = None) -> Statement:
    """A statement whose parameters have names; one that writes `columns` has one for each."""
    compiled = statement.compile(dialect=DIALECT, column_keys=columns)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what a dialect compiles them with
    if compiled.post_compile_params:
        raise TypeError("Lists are given to a prepared statement as one array parameter.")
    own = _own(compiled, compiled.construct_params(_check=False))
    return Statement(compiled.string, _takes(compiled), own, Shape.of(statement))


_compiled: CompiledCacheType = LRUCache(_KEPT)


def bound(statement: Bindable) -> Statement:
    """A statement that was built for this one time; compiled once for all of its form."""
    compiled, extracted, *_ = statement._compile_w_cache(  # noqa: SLF001 - the only way to its cache
        DIALECT, compiled_cache=_compiled, column_keys=[]
    )
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what a dialect compiles Select with
    params = compiled.construct_params(
        extracted_parameters=extracted, escape_names=False, _check=False
    )
    own, shape = _own(compiled, params), Shape.of(statement)
    if not compiled.post_compile_params:
        return Statement(compiled.string, _takes(compiled), own, shape)
    full = compiled.construct_expanded_state(params, escape_names=False)
    known = {**dict(_takes(compiled)), **full.processors}
    takes = [(name, known.get(name)) for name in full.positiontup or ()]
    return Statement(full.statement, takes, {**full.parameters, **own}, shape)


def _own(compiled: SQLCompiler, params: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the parameters that have one already."""
    return {name: value for name, value in params.items() if not compiled.binds[name].required}


def _takes(compiled: SQLCompiler) -> list[tuple[str, Processor]]:
    names = compiled.positiontup or ()
    return [(name, _processor(compiled.binds[name].type)) for name in names]


@lru_cache(_KEPT)
def _processor(type_: TypeEngine[Any]) -> Processor:
    """What makes a value of a type into one that the driver takes; None if it is one already."""
    return type_.dialect_impl(DIALECT).bind_processor(DIALECT)
