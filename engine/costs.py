"""Costs: how many objects an operation asks for, known before it is executed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationType,
    SelectionNode,
    VariableNode,
    get_named_type,
    is_introspection_type,
    is_leaf_type,
)

from engine import introspection
from engine.documents import kept, operation_of, parsed
from engine.limits import Exceeded

LIMIT = 10_000
MUTATION = 10
"""What each mutation of an operation costs, beside what it answers."""
_PAGE = 20  # that comes if nobody says how long it should be
_LONGEST_PAGE = 100  # longer ones are refused by whoever reads the argument
_SIZES = ("first", "last", "ids")
"""The arguments that say how many: pages, or things by their ids."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A field that gives objects: what it costs itself, and what is below it, so many times."""

    own: int
    times: int
    sizes: Sequence[int | str] | None
    """How many are on a page, or by which variable; None if it is not paged."""
    below: "_Places"

    @property
    def varies(self) -> bool:
        return self.below.varies or any(isinstance(size, str) for size in self.sizes or ())

    def cost(self, variables: Mapping[str, Any]) -> int:
        below = self.below.cost(variables)
        if self.sizes is None:
            return self.own + self.times * below
        given = (variables.get(size) if isinstance(size, str) else size for size in self.sizes)
        found = [_length(value) for value in given if value is not None]
        return self.own + max(found, default=_PAGE) * (1 + below)


@dataclass(frozen=True, slots=True)
class _Places:
    """Places beside each other: what those cost that are the same each time, and the others."""

    fixed: int
    varying: Sequence[_Place]

    @classmethod
    def of(cls, places: Iterable[_Place]) -> Self:
        each = list(places)
        fixed = sum(place.cost({}) for place in each if not place.varies)
        return cls(fixed, [place for place in each if place.varies])

    @property
    def varies(self) -> bool:
        return bool(self.varying)

    def cost(self, variables: Mapping[str, Any]) -> int:
        return self.fixed + sum(place.cost(variables) for place in self.varying)


def _length(value: Any) -> int:
    """How many are asked for by a number, or by a list of ids."""
    wanted = len(value) if isinstance(value, list) else value
    return max(0, min(wanted, _LONGEST_PAGE)) if isinstance(wanted, int) else _PAGE


def cost(
    schema: GraphQLSchema, text: str, name: str | None, variables: Mapping[str, Any] | None
) -> int:
    """What a valid operation costs: an object for each field that gives one, on each full page.

    Lists that are not pages count as one object: what is stored bounds them, not who asks. Those
    of an introspection count by how long they are. A mutation costs `MUTATION` more.
    """
    places, defaults = _places(text, schema, name)
    return places.cost({**defaults, **(variables or {})}) if places.varies else places.fixed


def check(
    schema: GraphQLSchema, text: str, name: str | None, variables: Mapping[str, Any] | None
) -> None:
    """Nothing, if a valid operation does not cost too much; else `Exceeded`."""
    if cost(schema, text, name, variables) > LIMIT:
        raise Exceeded("objects on full pages", LIMIT)


@kept
def _places(
    text: str, schema: GraphQLSchema, name: str | None
) -> tuple[_Places, Mapping[str, Any]]:
    operation = operation_of(text, name)
    root = schema.get_root_type(operation.operation)
    found = _Finder(schema, text).places(operation.selection_set.selections, root)
    if operation.operation is OperationType.MUTATION:
        found = (replace(each, own=each.own + MUTATION) for each in found)
    defaults = {
        each.variable.name.value: int(each.default_value.value)
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, IntValueNode)
    }
    return _Places.of(found), defaults


class _Finder:
    def __init__(self, schema: GraphQLSchema, text: str) -> None:
        self._schema = schema
        self._fragments = {
            each.name.value: each
            for each in parsed(text).definitions
            if isinstance(each, FragmentDefinitionNode)
        }

    def places(
        self,
        nodes: Sequence[SelectionNode],
        type_: GraphQLNamedType | None,
        *,
        of_all: bool = False,
    ) -> Iterator[_Place]:
        """What is selected of a type, or of all types in an introspection."""
        for node in nodes:
            if isinstance(node, FieldNode):
                yield from self._field(node, type_, of_all=of_all)
                continue
            inner: Any = node
            if isinstance(node, FragmentSpreadNode):
                inner = self._fragments[node.name.value]
            assert isinstance(inner, FragmentDefinitionNode | InlineFragmentNode)  # noqa: S101
            on = inner.type_condition
            below = self._schema.get_type(on.name.value) if on else type_
            yield from self.places(inner.selection_set.selections, below, of_all=of_all)

    def _field(
        self, node: FieldNode, type_: GraphQLNamedType | None, *, of_all: bool
    ) -> Iterator[_Place]:
        if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            return  # `__typename` of a union
        definition = self._schema.get_field(type_, node.name.value)
        inner = get_named_type(definition.type) if definition else None
        if definition is None or inner is None or is_leaf_type(inner) or node.selection_set is None:
            return
        selected = node.selection_set.selections
        if is_introspection_type(inner):
            yield self._introspection(node.name.value, selected, inner, of_all=of_all)
            return
        sizes = None
        if {"first", "ids"} & definition.args.keys():
            sizes = [_size(each) for each in node.arguments or () if each.name.value in _SIZES]
        yield _Place(1, 1, sizes, _Places.of(self.places(selected, inner)))

    def _introspection(
        self, name: str, selected: Sequence[SelectionNode], type_: GraphQLNamedType, *, of_all: bool
    ) -> _Place:
        """What the schema has: its lists count, by their average length if all are asked for."""
        known = introspection.lengths(self._schema)
        if name not in known.at_most:
            return _Place(0, 1, None, _Places.of(self.places(selected, type_)))
        of_all = of_all or name in introspection.WHOLE
        times = (known.on_average if of_all else known.at_most)[name]
        return _Place(times, times, None, _Places.of(self.places(selected, type_, of_all=of_all)))


def _size(argument: ArgumentNode) -> int | str:
    """How many an argument asks for, or the variable that says so."""
    match argument.value:
        case VariableNode(name=name):
            return name.value
        case IntValueNode(value=value):
            return int(value)
        case ListValueNode(values=values):
            return len(values)
    return _PAGE
