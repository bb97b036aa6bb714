"""Scalars and enums: a column of values into what the answer has for them."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, Flag
from functools import cache
from typing import Any, cast

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLNamedType,
    GraphQLOutputType,
    GraphQLString,
    Undefined,
    is_non_null_type,
)

from engine.values import waits

_SPECIFIED = {"ID", "String", "Int", "Float", "Boolean"}
_INT_LIMIT = 2**31
_PLAIN = {GraphQLString.name: str, GraphQLBoolean.name: bool, GraphQLID.name: str}


def as_it_is(value: datetime) -> datetime:
    """What a scalar is in the answer, when the transport writes it: many times faster."""
    if not isinstance(value, datetime):
        raise TypeError(f"A datetime is wanted, not {value!r}.")
    return value


def is_moment(type_: GraphQLNamedType) -> bool:
    """Whether values of a scalar are datetimes that the transport writes."""
    return getattr(type_, "coerce_output_value", None) is as_it_is


def plain(type_: GraphQLOutputType, values: Sequence[Any]) -> list[Any] | None:
    """The completed values of a type, if all are plainly of it; else None."""
    if not is_non_null_type(type_):
        return column(cast("GraphQLLeafType", type_), values)
    done = column(type_.of_type, values)
    # By their types: a value might refuse to be compared.
    return None if done is None or type(None) in set(map(type, done)) else done


def column(type_: GraphQLLeafType, values: Sequence[Any]) -> list[Any] | None:
    """The completed values, if all are of a kind that needs no second look; else None."""
    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) != 1:
        return None if kinds else list(values)
    kind = kinds.pop()
    if _PLAIN.get(type_.name) is kind or (kind is datetime and is_moment(type_)):
        return list(values)
    if type_.name == GraphQLInt.name and kind is int:
        found = [value for value in values if value is not None]
        small = min(found) >= -_INT_LIMIT and max(found) < _INT_LIMIT
        return list(values) if small else None
    if isinstance(type_, GraphQLEnumType):
        return _members(type_, kind, values) if issubclass(kind, Enum) else None
    if type_.name in _SPECIFIED or issubclass(kind, Exception) or waits(kind):
        return None
    return _serialized(type_, values)


def _serialized(type_: GraphQLLeafType, values: Sequence[Any]) -> list[Any] | None:
    """What a scalar of our own makes of the values; None if it refuses one of them."""
    serialize = type_.coerce_output_value
    try:
        done = [None if value is None else serialize(value) for value in values]
    except Exception:  # noqa: BLE001 - which one? The long way tells it
        return None
    lost = sum(value is None or value is Undefined for value in done)
    return done if lost == sum(value is None for value in values) else None


def _members(type_: GraphQLEnumType, kind: type[Enum], values: Sequence[Any]) -> list[Any] | None:
    """What the API calls an enum's members; None if they are not of the type's enum."""
    names = names_of(type_, kind)
    if names is None:
        return None
    return [None if value is None else names[value.name] for value in values]


@cache
def names_of(type_: GraphQLEnumType, kind: type[Enum]) -> dict[str, str] | None:
    """What the API calls each member: {member: name}; None if it is another enum's."""
    if getattr(type_, "wrapped_cls", None) is not kind or issubclass(kind, Flag):
        return None
    return {member.name: type_.coerce_output_value(member) for member in kind}
