"""Objects of an answer: built by code that is written for what a place of a query selects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard

from graphql import (
    GraphQLEnumType,
    GraphQLObjectType,
    get_named_type,
    is_non_null_type,
)
from graphql.execution import Executor
from sqlalchemy import BigInteger, Boolean, DateTime, Enum, Integer, String, inspect

from engine.leaves import is_moment, names_of
from engine.selections import Selected, parts_of

_PLAIN = {"String": String, "ID": String, "Boolean": Boolean, "Int": Integer}
_KINDS_KEPT = 16  # of the rows at one place


class StoredRow(Protocol):
    """A row as the database has it: a tuple, of which the class knows what is where."""

    model: type[Any]
    places: dict[str, int]


class NotAsStored(Exception):
    """A row is not what the database should guarantee."""


@dataclass(slots=True)
class Builder:
    """Builds the objects of one place from rows, and from columns that were found apart."""

    code: Callable[..., list[Any]]
    apart: Sequence[Selected]
    """The fields that it wants a column for."""
    whens: Sequence[Callable[[Any], bool]]

    def make(self, rows: Sequence[Any], columns: Sequence[Any], context: Any) -> list[Any]:
        """The objects; `NotAsStored` if they can't be read from the rows."""
        seen = [when(context.viewer) for when in self.whens]
        try:
            return self.code(rows, columns, *seen)
        except Exception as error:
            raise NotAsStored from error


def builder(
    executor: Executor[Any], type_: GraphQLObjectType, selected: Selected, kind: type[Any] | None
) -> Builder:
    """What builds the objects of a type at a place, from rows of a class if that is given.

    It reads what the database guarantees by itself: the others are found, and looked at, apart.
    """
    key = (type_.name, kind)
    if found := selected.code.get(key):
        made: Builder = found
        return made
    if len(selected.code) >= _KINDS_KEPT:
        selected.code.clear()
    made = selected.code[key] = _Writer(executor, kind).builder(type_, selected)
    return made


def is_stored(kind: type[Any]) -> TypeGuard[type[StoredRow]]:
    """Whether rows of a class are as the database has them."""
    return hasattr(kind, "places") and issubclass(kind, tuple)


@dataclass
class _Writer:
    executor: Executor[Any]
    kind: type[Any] | None
    apart: list[Selected] = field(default_factory=list)
    whens: list[Callable[[Any], bool]] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)

    def builder(self, type_: GraphQLObjectType, selected: Selected) -> Builder:
        code = self._object(type_, selected, self._field)
        columns = "".join(f", c{i}" for i in range(len(self.apart)))
        seen = "".join(f", s{i}" for i in range(len(self.whens)))
        rows = f"for r{columns} in zip(rows, *columns, strict=True)" if columns else "for r in rows"
        make = eval(f"lambda rows, columns{seen}: [{code} {rows}]", self.known)  # noqa: S307 - below
        return Builder(make, self.apart, self.whens)

    def _object(
        self, type_: GraphQLObjectType, selected: Selected, write: Callable[[Selected], str]
    ) -> str:
        # Nothing a client wrote gets into the code but names, and they are quoted.
        parts = parts_of(self.executor, type_, selected)
        return "{" + ", ".join(f"{part.name!r}: {write(part)}" for part in parts) + "}"

    def _field(self, part: Selected) -> str:
        if self.kind is not None and is_stored(self.kind):
            try:
                return self._stored(part)
            except LookupError:
                pass
        self.apart.append(part)
        return f"c{len(self.apart) - 1}"

    def _stored(self, part: Selected) -> str:
        """The code that reads a field from a row; `LookupError` if it takes more than that."""
        match part.kind:
            case "typename":
                return repr(part.parent_type.name)
            case "itself":
                return self._same_row(part)
            case "column" if part.is_leaf:
                return self._column(part)
        raise LookupError(part.kind)

    def _same_row(self, part: Selected) -> str:
        type_ = get_named_type(part.definition.type)
        check = getattr(getattr(type_, "is_type_of", None), "of_class", None)
        if not isinstance(type_, GraphQLObjectType) or not (check and check(self.kind)):
            raise LookupError(type_.name)
        return self._object(type_, part, self._stored)

    def _column(self, part: Selected) -> str:
        assert self.kind is not None  # noqa: S101 - only asked of stored rows
        name = part.column or ""
        stored = inspect(self.kind.model).columns[name]
        when = part.metadata.get("when")
        if is_non_null_type(part.definition.type) and (stored.nullable or when):
            raise LookupError(name)
        code = self._leaf(part, stored, f"r[{self.kind.places[name]}]")
        if when:
            self.whens.append(when)
            return f"({code} if s{len(self.whens) - 1} else None)"
        return code

    def _leaf(self, part: Selected, stored: Any, value: str) -> str:
        type_ = get_named_type(part.definition.type)
        if isinstance(type_, GraphQLEnumType):
            return f"{self._name(_members(type_, stored.type))}[{value}]"
        expected = _PLAIN.get(type_.name)
        if expected and _is_plainly(stored.type, expected):
            return value
        if isinstance(stored.type, DateTime) and is_moment(type_):
            return value
        raise LookupError(type_.name)

    def _name(self, value: Any) -> str:
        """The name of a value in the code."""
        name = f"k{len(self.known)}"
        self.known[name] = value
        return name


def _is_plainly(stored: Any, expected: type[Any]) -> bool:
    """Whether the driver gives values of a type as they go into the answer."""
    return isinstance(stored, expected) and not isinstance(stored, (BigInteger, Enum))


def _members(type_: GraphQLEnumType, stored: Any) -> dict[str | None, str | None]:
    """What the API calls the members of an enum, by what the database calls them."""
    if not isinstance(stored, Enum) or stored.enum_class is None:
        raise LookupError(type_.name)
    names = names_of(type_, stored.enum_class)
    if names is None:
        raise LookupError(type_.name)
    return {None: None} | {each: names[each] for each in stored.enums}
