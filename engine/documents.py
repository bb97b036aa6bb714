"""Documents: parsed and validated once, however often they are asked."""

from functools import lru_cache

from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, validate

TOKENS_LIMIT = 5_000
LENGTH_LIMIT = 64 * 1024
_DOCUMENTS_KEPT = 256
_ERRORS_TOLD = 100


@lru_cache(_DOCUMENTS_KEPT)
def parsed(text: str) -> DocumentNode:
    """A document; `GraphQLSyntaxError` if it is none, or too long."""
    return parse(text, max_lexical_tokens=TOKENS_LIMIT, max_source_length=LENGTH_LIMIT)


@lru_cache(_DOCUMENTS_KEPT)
def errors_of(schema: GraphQLSchema, text: str) -> list[GraphQLError]:
    """What is wrong with a document, in a schema."""
    return validate(schema, parsed(text), max_errors=_ERRORS_TOLD)
