"""Limits: how large a document may be, and how much an operation may ask for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
)

NESTING = 64
"""How many brackets may be open at once, those of values too."""
DEPTH = 20
"""How many fields may lie within each other. An introspection of everything has 15."""
ALIASES = 200
DIRECTIVES = 200
FIELDS = 2_000
"""How many fields may be selected, those of a fragment as often as it is used."""
REPEATS = 10_000
"""How many pairs of fields may have the same name in one place; one with fields counts for 20."""
OBJECTS = 100_000
"""How many objects one root field may answer: counted as they come."""

_OBJECTS_ARE_DEARER = 20
_BRACKETS = re.compile(r'"""(?:\\"""|[^"]|"(?!""))*"""|"(?:\\.|[^"\\\n])*"|#[^\n\r]*|[{}()\[\]]')


class Exceeded(GraphQLError):
    """Something is larger than it may be."""

    def __init__(self, limit: str, allowed: int) -> None:
        message = f"More than {allowed:,} {limit}: that is not executed."
        super().__init__(message, extensions={"limit": limit, "allowed": allowed})


@dataclass(slots=True)
class Size:
    """How large a selection is, with all its fragments."""

    fields: int = 0
    depth: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0
    """Pairs of fields that become one: validation compares each of them."""
    names: dict[tuple[str, bool], int] = field(default_factory=dict)
    """How many fields have a name in the answer, and fields of their own or not."""

    def add(self, other: Self) -> None:
        """Be as large as both, which stand beside each other."""
        self._count(other.fields)
        self.depth = max(self.depth, other.depth)
        self.aliases += other.aliases
        self.directives += other.directives
        self.repeats += other.repeats
        for name, count in other.names.items():
            self._name(name, count)

    def add_field(self, node: FieldNode, below: Self | None) -> None:
        """Have one more field, with what is below it."""
        self._count(1)
        self._name(((node.alias or node.name).value, below is not None), 1)
        self.aliases += node.alias is not None
        self.depth = max(self.depth, 1)
        if below:
            self._count(below.fields)
            self.depth = max(self.depth, 1 + below.depth)
            self.aliases += below.aliases
            self.directives += below.directives
            self.repeats += below.repeats

    def _count(self, fields: int) -> None:
        self.fields += fields
        if self.fields > FIELDS:  # already here, before what is far too much is counted
            raise Exceeded("fields", FIELDS)

    def _name(self, name: tuple[str, bool], count: int) -> None:
        self.names[name] = self.names.get(name, 0) + count

    def count_repeats(self) -> None:
        """Count those pairs that have one name here; objects are much dearer to compare."""
        self.repeats += sum(
            count * (count - 1) // 2 * (_OBJECTS_ARE_DEARER if is_object else 1)
            for (_, is_object), count in self.names.items()
        )

    def check(self) -> None:
        """Nothing, if it is not too large; else `Exceeded`."""
        for found, allowed, limit in (
            (self.depth, DEPTH, "levels of fields"),
            (self.aliases, ALIASES, "aliases"),
            (self.directives, DIRECTIVES, "directives"),
            (self.repeats, REPEATS, "pairs of fields with one name"),
        ):
            if found > allowed:
                raise Exceeded(limit, allowed)


def check_nesting(text: str) -> None:
    """Nothing, if not too many brackets are open at once in a document; else `Exceeded`.

    It is asked before a document is parsed, since parsing takes stack for each of them.
    """
    open_ = 0
    for each in _BRACKETS.finditer(text):
        bracket = each.group()
        if bracket in "{([":
            open_ += 1
            if open_ > NESTING:
                raise Exceeded("brackets within each other", NESTING)
        elif bracket in "})]":
            open_ -= 1


def check_value(value: Any) -> None:
    """The same of a value that a client gives for a variable."""
    level, depth = [value], 0
    while level := [inner for each in level for inner in _inside(each)]:
        depth += 1
        if depth > NESTING:
            raise Exceeded("levels of a value", NESTING)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def check_size(document: DocumentNode) -> None:
    """Nothing, if no operation of a document is too large; else `Exceeded`.

    It takes time in proportion to the document's length, however often fragments are used.
    """
    sizes = _Sizes(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            sizes.of_operation(definition).check()
        elif isinstance(definition, FragmentDefinitionNode):
            sizes.of_fragment(definition.name.value).check()


def fields(document: DocumentNode) -> int:
    """How many fields the operations of a document may select."""
    sizes = _Sizes(document)
    return sum(
        sizes.of_operation(each).fields
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
    )


class _Sizes:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            each.name.value: each
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self._known: dict[str, Size] = {}
        self._entered = 0

    def of_operation(self, operation: OperationDefinitionNode) -> Size:
        size = self._of(operation.selection_set.selections)
        size.count_repeats()
        size.directives += len(operation.directives or ())
        return size

    def of_fragment(self, name: str) -> Size:
        if name not in self._known:
            self._entered += 1
            if self._entered > NESTING:
                raise Exceeded("fragments within each other", NESTING)
            self._known[name] = Size()  # validation refuses fragments that contain themselves
            if fragment := self._fragments.get(name):
                self._known[name] = self._of(fragment.selection_set.selections)
            self._entered -= 1
        return self._known[name]

    def _of(self, selections: Iterable[SelectionNode]) -> Size:
        size = Size()
        for node in selections:
            size.directives += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                size.add(self.of_fragment(node.name.value))
            elif isinstance(node, InlineFragmentNode):
                size.add(self._of(node.selection_set.selections))
            elif isinstance(node, FieldNode):
                size.add_field(node, self._below(node))
        return size

    def _below(self, node: FieldNode) -> Size | None:
        if node.selection_set is None:
            return None
        size = self._of(node.selection_set.selections)
        size.count_repeats()
        return size
