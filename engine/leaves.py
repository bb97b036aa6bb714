"""Scalars and enums: a column of values into what the answer has for them."""

from collections.abc import Sequence
from enum import Enum, Flag
from functools import cache
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
)

_INT_LIMIT = 2**31
_PLAIN = {GraphQLString.name: str, GraphQLBoolean.name: bool, GraphQLID.name: str}


def column(type_: GraphQLLeafType, values: Sequence[Any]) -> list[Any] | None:
    """The completed values, if all are of a kind that needs no second look; else None."""
    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return list(values)
    if len(kinds) > 1:
        return None
    kind = kinds.pop()
    if _PLAIN.get(type_.name) is kind:
        return list(values)
    if type_.name == GraphQLInt.name and kind is int:
        small = all(value is None or -_INT_LIMIT <= value < _INT_LIMIT for value in values)
        return list(values) if small else None
    if isinstance(type_, GraphQLEnumType) and issubclass(kind, Enum):
        return _members(type_, kind, values)
    return None


def _members(type_: GraphQLEnumType, kind: type[Enum], values: Sequence[Any]) -> list[Any] | None:
    """What the API calls an enum's members; None if they are not of the type's enum."""
    names = _names(type_, kind)
    if names is None:
        return None
    return [None if value is None else names[value.name] for value in values]


@cache
def _names(type_: GraphQLEnumType, kind: type[Enum]) -> dict[str, str] | None:
    """What the API calls each member: {member: name}; None if it is another enum's."""
    if getattr(type_, "wrapped_cls", None) is not kind or issubclass(kind, Flag):
        return None
    return {member.name: type_.coerce_output_value(member) for member in kind}
