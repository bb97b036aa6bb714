"""Needs: which columns of its rows a place of a query reads, so that no others are selected."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type, is_abstract_type
from graphql.execution import Executor

from engine.selections import Selected, parts_of

Needs: TypeAlias = frozenset[tuple[type[Any], str]]
"""Tables, each with the name of one of its columns."""
_LOADED = {"one", "many", "batch"}


def needs_of(executor: Executor[Any], field: Selected) -> Needs:
    """The columns that are read of the rows that a field gives: found once per place."""
    if field.needs is None:
        field.needs = frozenset(_needs(executor, field))
    return field.needs


def _needs(executor: Executor[Any], field: Selected) -> Iterator[tuple[type[Any], str]]:
    for type_ in _object_types(executor, field):
        row = row_of(type_)
        for part in parts_of(executor, type_, field):
            if row:
                for name in part.reads:
                    yield row, name
            # Rows that are loaded for a part say what they need when they are loaded. But what
            # is of the same table may be the very row.
            if part.kind not in _LOADED or row in map(row_of, _object_types(executor, part)):
                yield from _needs(executor, part)


def row_of(type_: GraphQLObjectType) -> type[Any] | None:
    """The class of the rows behind a type."""
    return getattr(type_.is_type_of, "row", None)


def _object_types(executor: Executor[Any], field: Selected) -> list[GraphQLObjectType]:
    named = get_named_type(field.definition.type)
    if isinstance(named, GraphQLObjectType):
        return [named]
    if isinstance(named, GraphQLUnionType) or is_abstract_type(named):
        return list(executor.schema.get_possible_types(named))
    return []
