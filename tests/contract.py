"""What is behind each field of the API, and whether it fits what the field promises."""

from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import strawberry
from sqlalchemy import ARRAY, BigInteger, inspect
from strawberry.types.base import (
    StrawberryList,
    StrawberryObjectDefinition,
    StrawberryOptional,
    get_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType
from strawberry.types.union import StrawberryUnion

from core import ids
from core.cursors import Cursor
from core.pages import Page
from schema.base import Connection, Node
from subscriptions.events import PresenceEvent, StreamEvent
from subscriptions.presence import OrderPresence
from subscriptions.streams import Stream

SCALARS: dict[Any, tuple[Any, ...]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    datetime: (datetime,),
    strawberry.ID: (str, strawberry.ID),
    Cursor: (str, Cursor),
}
"""What a value of each scalar may be in Python."""

SEEN = {
    "Order.customer": "who sees an order books it, or is of the agency and sees its customer",
    "OrderService.order": "a service is seen with its order",
    "Assignment.order": "an assignment is seen with its order",
    "Assignment.person": "only the agency sees assignments, and all of its people",
    "Checklist.order": "a checklist is seen with its order",
    "Message.order": "a message is seen with its order",
    "Message.author": "only the agency writes and sees messages, and all of its people",
    "Mention.message": "a mention is seen with its message, and by the person with the order",
    "Mention.person": "a mention is of the agency's people, and only they see it",
    "PresentPerson.person": "only the agency's people are there, and see all of its people",
    "ApiKey.person": "only admins see keys, and all people",
    "Viewer.person": "everyone sees themself",
    "Viewer.organization": "everyone sees their agency",
}
"""Why whoever sees a row sees the row behind its field too: else the field must be nullable."""

GUARDED = {
    "Escalation.at": "there is an Escalation only where the service has an `escalated_at`",
}
"""Why a column is never null there, which else may be."""


class Long:
    """A whole number that GraphQL's Int can't hold."""


def problems(shown: type[Any], row: Any) -> Iterator[str]:
    """What does not fit behind the fields of a type over rows of a class."""
    definition = get_object_definition(shown, strict=True)
    for field in definition.fields:
        for problem in _of_field(definition, field, row):
            yield f"{definition.name}.{field.python_name} {problem}"


def _of_field(
    definition: StrawberryObjectDefinition, field: StrawberryField, row: Any
) -> Iterator[str]:
    where, behind = f"{definition.name}.{field.python_name}", field.metadata
    match behind.get("kind"):
        case _ if field.origin is Node:
            if row not in ids.PREFIXES:
                yield "is the id of rows that have no prefix in core.ids"
        case "query" | "subscription" | "mutation" | "door" | "signal" as kind:
            yield from _of_root(field.type, kind, _returned(behind["function"]))
        case "batch":
            yield from _of_batch(field.type, behind["function"], row)
        case "each":
            yield from _of_each(field.type, behind["function"], row)
        case "one":
            yield from _of_one(field.type, behind["model"], _value(row, behind["by"]), where)
        case "many":
            yield from _of_many(field.type, behind["model"], behind["by"])
        case "itself":
            yield from misfits(field.type, row)
        case kind if kind == "column" or (kind is None and not field.base_resolver):
            name = behind.get("column", field.python_name)
            yield from _of_column(field.type, row, name, hidden=bool(behind.get("when")), at=where)
        case kind:
            yield f"is of a kind, {kind}, that this check does not know"


def _of_root(shown: Any, kind: str, given: Any) -> Iterator[str]:
    if kind == "query":
        yield from misfits(shown, given, lenient=True)
    elif kind == "subscription":
        yield from _of_stream(shown, given)
    else:
        yield from _of_mutation(shown, given)


def _of_column(shown: Any, row: Any, name: str, *, hidden: bool, at: str) -> Iterator[str]:
    given = _value(row, name)
    if given is None:
        yield f"needs a column {name}, which {getattr(row, '__name__', row)} does not have"
        return
    if at in GUARDED:
        (given,) = _options(given)
    yield from misfits(shown, given | None if hidden else given)


def _of_one(shown: Any, model: Any, given: Any, where: str) -> Iterator[str]:
    if UUID not in _all(given):
        yield "needs a column with the id, which its table does not have"
    elif (nullable := given is not UUID) or where in SEEN:
        yield from misfits(shown, model | None if nullable else model)
    elif not isinstance(shown, StrawberryOptional):
        yield "must be nullable, or SEEN must say why who sees the one row sees the other"
    else:
        yield from misfits(shown, model | None)


def _of_many(shown: Any, model: Any, by: str) -> Iterator[str]:
    if UUID not in _all(_value(model, by)):
        yield f"needs a column {by} with the parent's id, which {model.__name__} does not have"
    yield from misfits(shown, list[model])


def _of_batch(shown: Any, function: Any, row: Any) -> Iterator[str]:
    wanted = next(iter(get_type_hints(function).values()))
    if get_args(wanted) != (row,):
        yield f"is computed for {_name(wanted)}, not for {_name(row)}"
    given = _returned(function)
    if get_origin(given) not in (list, Sequence):
        yield f"is computed by a function that gives {_name(given)}, not a list"
    else:
        yield from misfits(shown, get_args(given)[0])


def _of_each(shown: Any, function: Any, row: Any) -> Iterator[str]:
    wanted = next(iter(get_type_hints(function).values()))
    if wanted is not row:
        yield f"is computed for {_name(wanted)}, not for {_name(row)}"
    yield from misfits(shown, _returned(function))


def _of_stream(shown: Any, given: Any) -> Iterator[str]:
    events = {Stream: StreamEvent, OrderPresence: PresenceEvent}
    if given not in events:
        yield f"is streamed by a function that gives {_name(given)}"
    else:
        yield from misfits(shown, events[given])


def _of_mutation(shown: Any, given: Any) -> Iterator[str]:
    if not isinstance(shown, StrawberryOptional):
        yield "must be nullable, so that its failure does not void its neighbours"
        return
    fields = get_object_definition(shown.of_type, strict=True).fields
    (subject,) = (field for field in fields if field.python_name not in ("cursor", "secret"))
    yield from misfits(subject.type, given)


def misfits(shown: Any, given: Any, *, lenient: bool = False) -> Iterator[str]:
    """How a field's GraphQL type and the annotation of what is behind it disagree.

    If lenient, a field may be nullable for the sake of its failures alone.
    """
    options = _options(given)
    optional, nullable = isinstance(shown, StrawberryOptional), len(options) < len(_all(given))
    inner = shown.of_type if optional else shown
    if nullable and not optional:
        yield f"must be nullable: what is behind it is {_name(given)}"
    elif optional and not nullable and not lenient:
        yield f"must not be nullable: what is behind it is {_name(given)}"
    elif isinstance(inner, StrawberryList):
        if [get_origin(option) for option in options] != [list]:
            yield f"must be no list: what is behind it is {_name(given)}"
        else:
            yield from misfits(inner.of_type, get_args(options[0])[0])
    else:
        members = inner.types if isinstance(inner, StrawberryUnion) else [inner]
        pairs = [(m, o) for m in members for o in options if _is(m, o)]
        if {id(m) for m, _ in pairs} != {id(m) for m in members} or len(pairs) < len(options):
            yield f"is of another type: what is behind it is {_name(given)}"


def _is(shown: Any, given: Any) -> bool:
    """Whether values of a Python type are of a GraphQL type that is neither list nor nullable."""
    if isinstance(shown, LazyType):
        shown = shown.resolve_type()
    if isinstance(shown, StrawberryEnumDefinition):
        return shown.wrapped_cls is given
    definition = get_object_definition(shown)
    if definition is None:
        return given in SCALARS.get(shown, ())
    if definition.is_interface:
        return given is Any
    if definition.concrete_of and definition.concrete_of.origin is Connection:
        node = definition.type_var_map["N"]
        return get_origin(given) is Page and not [*misfits(node, get_args(given)[0])]
    return given is not None and getattr(shown, "__row__", None) is given


def _returned(function: Any) -> Any:
    return get_type_hints(function)["return"]


def _all(given: Any) -> tuple[Any, ...]:
    return get_args(given) if get_origin(given) in (Union, UnionType) else (given,)


def _options(given: Any) -> list[Any]:
    return [option for option in _all(given) if option is not NoneType]


def _value(row: Any, name: str) -> Any:
    """The annotation of an attribute of a row; None if there is none."""
    if isinstance(computed := getattr(row, name, None), property):
        return _returned(computed.fget)
    if row is None or is_dataclass(row):
        return get_type_hints(row).get(name) if row else None
    column = inspect(row).columns.get(name)
    if column is None:
        return None
    return _python(column.type) | None if column.nullable else _python(column.type)


def _python(kind: Any) -> Any:
    if isinstance(kind, ARRAY):
        return list[_python(kind.item_type)]  # type: ignore[misc] # made at run time
    if isinstance(kind, BigInteger):
        return Long
    return kind.enum_class if getattr(kind, "enum_class", None) else kind.python_type


def _name(given: Any) -> str:
    return str(given) if get_args(given) else getattr(given, "__name__", str(given))
