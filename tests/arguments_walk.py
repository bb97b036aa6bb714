"""Every argument of every mutation, with the values that it must refuse."""

import dataclasses
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import uuid4

from factories import typed
from scene import Scene
from sqlalchemy import select
from storage import session_of

import models
import schema
from core import ids
from core.arguments import Hash, IdOf, Moment, NewId, PlaceInLog, Text, Whole
from engine import inputs
from schema.base import EXPECTED_VERSION, IDEMPOTENCY_KEY

_GARBAGE = ["", "nonsense", "ord_", "ord_\0", "\ud800", "x" * 100_000]
_BEYOND = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-14:00"]
_INT = 2**31  # GraphQL's Int ends before it


@dataclass(frozen=True)
class Leaf:
    """An argument of a mutation, or a field of one of its groups."""

    mutation: str
    path: tuple[str, ...]
    kind: Any

    def __str__(self) -> str:
        return f"{self.mutation}-{self.field}"

    @property
    def field(self) -> str:
        """Its place in the input, as errors name it: `serviceIds.0` is the first of a list."""
        return ".".join(self.path)

    def put(self, given: Any, value: Any) -> Any:
        """An input with another value there."""
        return _put(given, self.path, value)


def mutations() -> dict[str, Any]:
    """The fields of Mutation by name that are actions, each with its place in the log."""
    return _of_kind("mutation")


def doors() -> dict[str, Any]:
    """The fields of Mutation by name that are for visitors."""
    return _of_kind("door")


def signals() -> dict[str, Any]:
    """The fields of Mutation by name that change nothing."""
    return _of_kind("signal")


def _of_kind(kind: str) -> dict[str, Any]:
    root = schema.core().mutation_type
    assert root is not None
    return {name: field for name, field in root.fields.items() if _metadata(field)["kind"] == kind}


def _metadata(field: Any) -> Any:
    return field.extensions["strawberry-definition"].metadata


def action(name: str) -> Callable[..., Any]:
    """The function behind a mutation."""
    found: Callable[..., Any] = _metadata(mutations()[name])["function"]
    return found


def leaves(name: str) -> list[Leaf]:
    """The arguments of a mutation whose values are checked beyond their GraphQL type."""
    arguments = inputs.of_function(action(name), skip=1)
    extras = [EXPECTED_VERSION] if "expectedVersion" in _input_fields(name) else []
    found = _of_arguments([*arguments, *extras, IDEMPOTENCY_KEY], ())
    return [Leaf(name, path, kind) for path, kind in found]


def _input_fields(name: str) -> Any:
    return mutations()[name].args["input"].type.of_type.fields


def _of_arguments(
    arguments: Iterable[inputs.Argument], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for argument in arguments:
        yield from _of_hint(argument.hint, (*path, argument.alias))


def _of_hint(hint: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if get_origin(hint) is Annotated:
        inner, *extras = get_args(hint)
        parser = next((extra for extra in extras if isinstance(extra, inputs.Parser)), None)
        if parser:
            yield path, parser
        else:
            yield from _of_hint(inner, path)
    elif get_origin(hint) in (Union, types.UnionType):
        for option in get_args(hint):
            yield from _of_hint(option, path)
    elif get_origin(hint) is list:
        yield from _of_hint(get_args(hint)[0], (*path, "0"))
    elif dataclasses.is_dataclass(hint):
        yield from _of_arguments(inputs.of_dataclass(hint), path)
    elif hint in (str, int, datetime):
        yield path, hint


def _put(given: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    name, *rest = path
    if name == "0":
        first, others = (given[0], given[1:]) if given else (None, [])
        return [_put(first, rest, value), *others]
    group = given or {}
    return {**group, name: _put(group.get(name), rest, value)}


async def refused(kind: Any, scene: Scene, other: Scene) -> list[tuple[Any, str]]:
    """The values that an argument of a kind must refuse in a scene, with the code of the error.

    `other` is a scene of another agency.
    """
    match kind:
        case NewId(model=model):
            random = ids.encode(model, uuid4())
            taken = await some(scene, model)
            return [*_bad(*_GARBAGE, typed(scene.agency.organization), random), (taken, "CONFLICT")]
        case IdOf(model=model):
            hidden = [ids.encode(model, models.new_id()), await some(other, model)]
            wrong = typed(scene.agency.organization)
            return [*_bad(*_GARBAGE, wrong), *((value, "NOT_FOUND") for value in hidden)]
        case Text():
            empty = [] if kind.empty else ["", " \n\t "]
            lines = [] if kind.lines else ["two\nlines"]
            long = ["x" * (kind.at_most + 1), "x" * 100_000]
            return _bad(*empty, *lines, *long, "bell\x07.", "nul\0.", "half \ud83d.")
        case Whole():
            around = (kind.at_least - 1, kind.at_most + 1)
            return _bad(*(value for value in around if -_INT <= value < _INT))
        case Hash() | PlaceInLog():
            return _bad(*_GARBAGE, other.cursor)
        case Moment():
            return _bad("2026-05-01T09:30:00", *_BEYOND)
    raise AssertionError(f"say here what {kind} refuses; bare texts and numbers have no limits")


def _bad(*values: Any) -> list[tuple[Any, str]]:
    return [(value, "BAD_USER_INPUT") for value in values]


async def some(scene: Scene, model: type[Any]) -> str:
    """The id of a row of a table in a scene, which has one of everything."""
    of_agency = model.organization_id == scene.agency.organization.id
    async with session_of(scene.agency.database) as session:
        found = await session.scalar(select(model.id).where(of_agency).limit(1))
    assert found, f"a scene needs a {model.__name__}"
    return ids.encode(model, found)
