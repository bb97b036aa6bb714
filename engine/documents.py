"""Documents: read and checked once, and kept as long as all of them are not too heavy."""

from collections.abc import Callable, Hashable
from functools import wraps
from operator import attrgetter
from typing import Any, TypeVar, TypeVarTuple

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    VariablesInAllowedPositionRule,
    parse,
    separate_operations,
    specified_rules,
    validate,
)

from engine import limits

R = TypeVar("R")
Others = TypeVarTuple("Others")

TOKENS_LIMIT = 2_500
LENGTH_LIMIT = 64 * 1024
CHARACTER_WEIGHT = 150
"""Bytes that a parsed document takes for each character of a dense one."""
KEPT = 32 * 1024 * 1024
"""Bytes that all documents together may weigh; one alone has less than a third of that."""
_REFUSED_KEPT = KEPT // 2  # those with errors, so that nobody displaces good ones by them
_ERRORS_TOLD = 20
_OF_VARIABLES = (
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    VariablesInAllowedPositionRule,
)
"""They walk through all of an operation before anything else is looked at, be it full of errors."""
_SIMPLE = tuple(each for each in specified_rules if each not in _OF_VARIABLES)


class Document:
    """A document that is not too large, and what was found of it."""

    def __init__(self, text: str) -> None:
        if len(text) <= LENGTH_LIMIT:
            limits.check_nesting(text)
        self.node = parse(text, max_lexical_tokens=TOKENS_LIMIT, max_source_length=LENGTH_LIMIT)
        limits.check_size(self.node)
        self.weight = CHARACTER_WEIGHT * len(text)
        self.found: dict[Hashable, Any] = {}


class Documents:
    """The documents that were asked last; those with errors apart."""

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self._good = LRUCache[str, Document](KEPT, getsizeof=attrgetter("weight"))
        self._refused = LRUCache[str, Document](_REFUSED_KEPT, getsizeof=attrgetter("weight"))

    def __len__(self) -> int:
        return len(self._good) + len(self._refused)

    @property
    def weight(self) -> float:
        """How many bytes they may take."""
        return self._good.currsize + self._refused.currsize

    def look_up(self, text: str) -> Document:
        """The document of an operation that has just come: it is counted whether it was kept."""
        if known := self._known(text):
            self.hits += 1
            return known
        self.misses += 1
        return self.of(text)

    def of(self, text: str) -> Document:
        """A document, as it is kept, or read anew.

        `GraphQLSyntaxError` if it is none, or too long, `Exceeded` if it is too large.
        """
        if known := self._known(text):
            return known
        made = self._good[text] = Document(text)
        return made

    def _known(self, text: str) -> Document | None:
        return self._good.get(text) or self._refused.get(text)

    def refuse(self, text: str) -> None:
        """Have a document make room for others, as it has errors."""
        if found := self._good.pop(text, None):
            self._refused[text] = found

    def clear(self) -> None:
        """Forget everything."""
        self._good.clear()
        self._refused.clear()


DOCUMENTS = Documents()


def kept(find: Callable[[str, *Others], R]) -> Callable[[str, *Others], R]:
    """Has what is found of a document, by its text and whatever else, kept as long as it is."""

    @wraps(find)
    def found(text: str, *others: *Others) -> R:
        known = DOCUMENTS.of(text).found
        key = find, others
        if key not in known:
            known[key] = find(text, *others)
        value: R = known[key]
        return value

    return found


def parsed(text: str) -> DocumentNode:
    """A document; `GraphQLSyntaxError` if it is none, or too long, `Exceeded` if it is too large.

    What is refused so is not kept.
    """
    return DOCUMENTS.of(text).node


@kept
def operation_of(text: str, name: str | None) -> OperationDefinitionNode:
    """What is to be executed: the operation of that name, or the only one of the document."""
    found = [
        each
        for each in parsed(text).definitions
        if isinstance(each, OperationDefinitionNode)
        and (name is None or (each.name and each.name.value == name))
    ]
    if len(found) != 1:
        raise GraphQLError("`operationName` must name one operation of the document.")
    return found[0]


@kept
def alone(text: str, name: str | None) -> DocumentNode:
    """An operation of a valid document, with the fragments that it uses."""
    operation = operation_of(text, name)
    own = separate_operations(parsed(text))
    return own[operation.name.value if operation.name else ""]


@kept
def errors_of(text: str, schema: GraphQLSchema) -> list[GraphQLError]:
    """What is wrong with a document, in a schema."""
    node = parsed(text)
    errors = validate(schema, node, _SIMPLE, _ERRORS_TOLD) or validate(
        schema, node, _OF_VARIABLES, _ERRORS_TOLD
    )
    if errors:
        DOCUMENTS.refuse(text)
    return errors
