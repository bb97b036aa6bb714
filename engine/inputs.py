"""Arguments, from the function that takes them: the types clients see, and the values it gets."""

import dataclasses
import inspect
import types
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import cache, cached_property
from typing import (
    Annotated,
    Any,
    Optional,
    Protocol,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    runtime_checkable,
)

import strawberry
from strawberry.types.base import has_object_definition
from strawberry.utils.str_converters import to_camel_case
from typing_extensions import Doc

from engine import docs

Read: TypeAlias = Callable[[Any, str], Any]
"""Makes of a value, given for a field, the one that a function wants."""


@runtime_checkable
class Parser(Protocol):
    """What an annotation may carry: the type clients see, and how a value of it is read."""

    graphql: Any
    description: str

    def parse(self, value: Any, field: str) -> Any:
        """The value for the function; raises the error that the client gets about `field`."""
        ...


@dataclasses.dataclass(frozen=True)
class Argument:
    """One argument of a function, or one field of an input type."""

    name: str
    hint: Any
    description: str
    required: bool

    @property
    def graphql(self) -> Any:
        """The annotation that Strawberry gets for it."""
        shown = graphql(self.hint)
        return shown if self.required else Optional[shown]  # noqa: UP045 - made at run time

    @cached_property
    def read(self) -> Read:
        """What makes of a given value the one that the function wants."""
        return _reader(self.hint)

    @cached_property
    def alias(self) -> str:
        """Its name as clients write it."""
        return to_camel_case(self.name.rstrip("_"))


def of_function(function: Callable[..., Any], *, skip: int) -> list[Argument]:
    """The arguments of `function` after the first `skip` parameters."""
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())[skip:]
    return [
        Argument(
            name=parameter.name,
            hint=hints[parameter.name],
            description=_description(hints[parameter.name]),
            required=parameter.default is parameter.empty,
        )
        for parameter in parameters
    ]


def of_dataclass(group: Any) -> list[Argument]:
    """The fields of a dataclass that stands for an input type."""
    hints = get_type_hints(group, include_extras=True)
    described = docs.of_attributes(group)
    return [
        Argument(
            name=field.name,
            hint=hints[field.name],
            description=described.get(field.name) or _description(hints[field.name]),
            required=field.default is dataclasses.MISSING,
        )
        for field in dataclasses.fields(group)
    ]


def parse(arguments: Iterable[Argument], given: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The values of `given` as the function wants them; what was not given is left out."""
    return {
        argument.name: argument.read(given[argument.name], path + argument.alias)
        for argument in arguments
        if given.get(argument.name, strawberry.UNSET) is not strawberry.UNSET
        and (given[argument.name] is not None or argument.required)
    }


def parsers(hint: Any) -> list[Parser]:
    """The parsers in a parameter's annotation: of the parameter, or of one of its options."""
    found = [extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Parser)]
    return found or [each for inner in get_args(hint) for each in parsers(inner)]


def input_type(name: str, description: str, arguments: Iterable[Argument]) -> Any:
    """A GraphQL input type with these fields."""
    return _fill(type(name, (), {}), description, arguments)


def graphql(hint: Any) -> Any:
    """The annotation that Strawberry gets for a parameter's `hint`."""
    if get_origin(hint) is Annotated:
        inner, *extras = get_args(hint)
        parser = next((extra for extra in extras if isinstance(extra, Parser)), None)
        return parser.graphql if parser else graphql(inner)
    if get_origin(hint) in (Union, types.UnionType):
        return Union[tuple(graphql(option) for option in get_args(hint))]  # noqa: UP007 - made at run time
    if get_origin(hint) is list:
        return list[graphql(get_args(hint)[0])]  # type: ignore[misc] # made at run time
    if dataclasses.is_dataclass(hint) and not has_object_definition(hint):
        return _group(hint)
    return hint


_groups: dict[Any, Any] = {}


def _group(group: Any) -> Any:
    """The input type of a dataclass, made once; it may contain itself."""
    if group not in _groups:
        _groups[group] = type(group.__name__, (), {})
        _fill(_groups[group], inspect.getdoc(group) or "", _fields(group))
    return _groups[group]


_fields = cache(of_dataclass)


def _fill(empty: Any, description: str, arguments: Iterable[Argument]) -> Any:
    fields = {}
    for argument in arguments:
        fields[argument.name] = argument.graphql
        default = {} if argument.required else {"default": strawberry.UNSET}
        described = strawberry.field(
            name=argument.alias, description=argument.description, **default
        )
        setattr(empty, argument.name, described)
    empty.__annotations__ = fields
    return strawberry.input(empty, description=description)


def _reader(hint: Any) -> Read:
    """What makes of a value, given for a field, the one that a parameter of this hint gets."""
    if get_origin(hint) is Annotated:
        inner, *extras = get_args(hint)
        parser = next((extra for extra in extras if isinstance(extra, Parser)), None)
        return parser.parse if parser else _reader(inner)
    if get_origin(hint) in (Union, types.UnionType):
        (option, *_) = (option for option in get_args(hint) if option is not type(None))
        read = _reader(option)
        return lambda value, field: None if value is None else read(value, field)
    if get_origin(hint) is list:
        item = _reader(get_args(hint)[0])
        return lambda value, field: [item(each, f"{field}.{i}") for i, each in enumerate(value)]
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        # Its fields are asked for when they are needed: it may contain itself.
        return lambda value, field: hint(**parse(_fields(hint), vars(value), f"{field}."))
    return lambda value, _: value


def _description(hint: Any) -> str:
    """What an annotation says of itself: `Doc` first, then its parser, then its class."""
    for extra in reversed(get_args(hint)) if get_origin(hint) is Annotated else ():
        if isinstance(extra, Doc):
            return extra.documentation
        if isinstance(extra, Parser):
            return extra.description
    for inner in get_args(hint):
        if text := _description(inner):
            return text
    known = isinstance(hint, type) and (issubclass(hint, Enum) or dataclasses.is_dataclass(hint))
    return inspect.getdoc(hint) or "" if known else ""
