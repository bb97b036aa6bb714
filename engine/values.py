"""Values on their way to an answer: which are there, and what is a list."""

from collections.abc import AsyncIterable, Iterable, Sequence
from types import GeneratorType
from typing import Any

from graphql import GraphQLError, Undefined
from graphql.pyutils import is_iterable

from engine.failures import Raised
from engine.selections import Selected

_ABSENT = {type(None), type(Undefined), Raised}


def absent(values: list[Any]) -> tuple[list[Any], Sequence[int]]:
    """What stays as it is of the values, nulls and errors; and the numbers of the others."""
    kinds = set(map(type, values))
    if kinds.isdisjoint(_ABSENT):
        return [None] * len(values), range(len(values))
    done = [value if isinstance(value, Raised) else None for value in values]
    return done, [i for i, value in enumerate(values) if type(value) not in _ABSENT]


def may_wait(values: Iterable[Any]) -> bool:
    """Whether one of the values may have to be awaited: their classes tell."""
    return any(map(waits, set(map(type, values))))


def waits(kind: type[Any]) -> bool:
    """Whether values of a class may have to be awaited."""
    return hasattr(kind, "__await__") or issubclass(kind, GeneratorType)


async def as_list(value: Any, field: Selected) -> list[Any]:
    """The items of what a list field gave; `GraphQLError` if it is no list."""
    if isinstance(value, AsyncIterable):
        return [item async for item in value]
    if not is_iterable(value):
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{field.title}'.")
    return list(value)
