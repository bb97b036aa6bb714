"""An operation as a client sends it, over whatever transport."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import orjson
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from core.errors import Invalid

_TOKENS_LIMIT = 5_000
_LENGTH_LIMIT = 64 * 1024
_TYPES_KEPT = 256


@dataclass(frozen=True)
class Operation:
    """A GraphQL document and what goes with it."""

    query: str
    variables: dict[str, Any] | None
    name: str | None
    type: OperationType

    @classmethod
    def parse(cls, payload: object) -> Self:
        """The operation in a decoded body.

        `Invalid` if it has not the form of one, `GraphQLError` if it isn't clear what to execute.
        """
        if not isinstance(payload, dict):
            raise Invalid("query", "A JSON object with `query` is needed.")
        query, name = payload.get("query"), payload.get("operationName")
        if not isinstance(query, str):
            raise Invalid("query", "`query` must be a GraphQL document.")
        if name is not None and not isinstance(name, str):
            raise Invalid("operationName", "`operationName` must be a name.")
        for field in ("variables", "extensions"):
            if not isinstance(payload.get(field), dict | None):
                raise Invalid(field, f"`{field}` must be an object.")
        return cls(query, payload.get("variables"), name or None, _type(query, name or None))


@lru_cache(_TYPES_KEPT)
def _type(query: str, name: str | None) -> OperationType:
    """What is to be executed: the operation of that name, or the only one of the document."""
    document = parse(query, max_lexical_tokens=_TOKENS_LIMIT, max_source_length=_LENGTH_LIMIT)
    found = [
        each.operation
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
        and (name is None or (each.name and each.name.value == name))
    ]
    if len(found) != 1:
        raise GraphQLError("`operationName` must name one operation of the document.")
    return found[0]


def encode(answer: object) -> bytes:
    """An answer in JSON."""
    return orjson.dumps(answer, default=str)
