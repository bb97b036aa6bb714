"""Limits: how large a document may be, and how much an operation may ask for."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Size:
    """How large a selection is, with all its fragments."""

    fields: int = 0
    depth: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0
    """Pairs of fields that become one: validation compares each of them."""
    names: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """The fields' names in the answer, and whether they have fields of their own."""

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
        own = self.of(operation.selection_set.selections)
        return replace(own, directives=own.directives + len(operation.directives or ()))

    def of(self, selections: Iterable[SelectionNode]) -> Size:
        own = _sum(map(self._of, selections))
        return replace(own, repeats=own.repeats + _pairs(own.names))

    def of_fragment(self, name: str) -> Size:
        if name not in self._known:
            self._entered += 1
            if self._entered > NESTING:
                raise Exceeded("fragments within each other", NESTING)
            self._known[name] = Size()  # validation refuses fragments that contain themselves
            if fragment := self._fragments.get(name):
                self._known[name] = _sum(map(self._of, fragment.selection_set.selections))
            self._entered -= 1
        return self._known[name]

    def _of(self, node: SelectionNode) -> Size:
        own = Size(directives=len(node.directives or ()))
        if isinstance(node, FragmentSpreadNode):
            return _sum([own, self.of_fragment(node.name.value)])
        if isinstance(node, InlineFragmentNode):
            return _sum([own, *map(self._of, node.selection_set.selections)])
        assert isinstance(node, FieldNode)  # noqa: S101 - there are no other selections
        below = self.of(node.selection_set.selections) if node.selection_set else Size()
        name = (node.alias or node.name).value, node.selection_set is not None
        return Size(
            fields=1 + below.fields,
            depth=1 + below.depth,
            aliases=below.aliases + (node.alias is not None),
            directives=own.directives + below.directives,
            repeats=below.repeats,
            names=Counter([name]),
        )


def _sum(sizes: Iterable[Size]) -> Size:
    """Of what stands beside each other."""
    each = list(sizes)
    fields = sum(size.fields for size in each)
    if fields > FIELDS:  # already here, before what is far too much is counted
        raise Exceeded("fields", FIELDS)
    names: Counter[tuple[str, bool]] = Counter()
    for size in each:
        names.update(size.names)
    return Size(
        fields=fields,
        depth=max((size.depth for size in each), default=0),
        aliases=sum(size.aliases for size in each),
        directives=sum(size.directives for size in each),
        repeats=sum(size.repeats for size in each),
        names=names,
    )


def _pairs(names: Counter[tuple[str, bool]]) -> int:
    """How often two fields have one name in the answer; objects are much dearer to compare."""
    return sum(
        count * (count - 1) // 2 * (_OBJECTS_ARE_DEARER if is_object else 1)
        for (_, is_object), count in names.items()
    )
