"""Costs: how many objects an operation asks for, known before it is executed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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
    SelectionNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
)

from engine.documents import operation_of, parsed
from engine.limits import Exceeded

LIMIT = 10_000
_PAGE = 20  # that comes if nobody says how long it should be
_LONGEST_PAGE = 100  # longer ones are refused by whoever reads the argument
_SIZES = ("first", "last", "ids")
"""The arguments that say how many: pages, or things by their ids."""
_KEPT = 256


@dataclass(frozen=True, slots=True)
class _Place:
    """A field that gives objects: one, and for each of a page what is below it."""

    sizes: Sequence[int | str] | None
    """How many, or by which variable; None if it is not paged."""
    below: "Sequence[_Place]"

    def cost(self, variables: Mapping[str, Any]) -> int:
        below = sum(each.cost(variables) for each in self.below)
        if self.sizes is None:
            return 1 + below
        given = (variables.get(size) if isinstance(size, str) else size for size in self.sizes)
        found = [_length(value) for value in given if value is not None]
        return 1 + max(found, default=_PAGE) * (1 + below)


def _length(value: Any) -> int:
    """How many are asked for by a number, or by a list of ids."""
    wanted = len(value) if isinstance(value, list) else value
    return max(0, min(wanted, _LONGEST_PAGE)) if isinstance(wanted, int) else _PAGE


def cost(
    schema: GraphQLSchema, text: str, name: str | None, variables: Mapping[str, Any] | None
) -> int:
    """What a valid operation costs: an object for each field that gives one, on each full page.

    Lists that are not pages count as one object: what is stored bounds them, not who asks.
    """
    places, defaults = _places(schema, text, name)
    return sum(each.cost({**defaults, **(variables or {})}) for each in places)


def check(
    schema: GraphQLSchema, text: str, name: str | None, variables: Mapping[str, Any] | None
) -> None:
    """Nothing, if a valid operation does not cost too much; else `Exceeded`."""
    if cost(schema, text, name, variables) > LIMIT:
        raise Exceeded("objects on full pages", LIMIT)


@lru_cache(_KEPT)
def _places(
    schema: GraphQLSchema, text: str, name: str | None
) -> tuple[Sequence[_Place], Mapping[str, Any]]:
    operation = operation_of(text, name)
    root = schema.get_root_type(operation.operation)
    found = _Finder(schema, text).places(operation.selection_set.selections, root)
    defaults = {
        each.variable.name.value: int(each.default_value.value)
        for each in operation.variable_definitions or ()
        if isinstance(each.default_value, IntValueNode)
    }
    return list(found), defaults


class _Finder:
    def __init__(self, schema: GraphQLSchema, text: str) -> None:
        self._schema = schema
        self._fragments = {
            each.name.value: each
            for each in parsed(text).definitions
            if isinstance(each, FragmentDefinitionNode)
        }

    def places(
        self, nodes: Sequence[SelectionNode], type_: GraphQLNamedType | None
    ) -> Iterator[_Place]:
        for node in nodes:
            if isinstance(node, FieldNode):
                yield from self._field(node, type_)
                continue
            inner: Any = node
            if isinstance(node, FragmentSpreadNode):
                inner = self._fragments[node.name.value]
            assert isinstance(inner, FragmentDefinitionNode | InlineFragmentNode)  # noqa: S101
            on = inner.type_condition
            below = self._schema.get_type(on.name.value) if on else type_
            yield from self.places(inner.selection_set.selections, below)

    def _field(self, node: FieldNode, type_: GraphQLNamedType | None) -> Iterator[_Place]:
        if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            return  # `__typename` of a union
        definition = self._schema.get_field(type_, node.name.value)
        inner = get_named_type(definition.type) if definition else None
        if definition is None or inner is None or is_leaf_type(inner) or node.selection_set is None:
            return
        sizes = None
        if {"first", "ids"} & definition.args.keys():
            sizes = [_size(each) for each in node.arguments or () if each.name.value in _SIZES]
        yield _Place(sizes, list(self.places(node.selection_set.selections, inner)))


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
