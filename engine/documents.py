"""Documents: parsed and validated once, however often they are asked."""

from functools import lru_cache

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    separate_operations,
    validate,
)

from engine import limits

TOKENS_LIMIT = 2_500
LENGTH_LIMIT = 64 * 1024
_DOCUMENTS_KEPT = 256
_ERRORS_TOLD = 20


@lru_cache(_DOCUMENTS_KEPT)
def parsed(text: str) -> DocumentNode:
    """A document; `GraphQLSyntaxError` if it is none, or too long, `Exceeded` if it is too large.

    What is too large is not kept.
    """
    if len(text) <= LENGTH_LIMIT:
        limits.check_nesting(text)
    document = parse(text, max_lexical_tokens=TOKENS_LIMIT, max_source_length=LENGTH_LIMIT)
    limits.check_size(document)
    return document


@lru_cache(_DOCUMENTS_KEPT)
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


@lru_cache(_DOCUMENTS_KEPT)
def alone(text: str, name: str | None) -> DocumentNode:
    """An operation of a valid document, with the fragments that it uses."""
    operation = operation_of(text, name)
    own = separate_operations(parsed(text))
    return own[operation.name.value if operation.name else ""]


@lru_cache(_DOCUMENTS_KEPT)
def errors_of(schema: GraphQLSchema, text: str) -> list[GraphQLError]:
    """What is wrong with a document, in a schema."""
    return validate(schema, parsed(text), max_errors=_ERRORS_TOLD)
