"""What clients are told of a failure: expected ones as they are, bugs behind a request id."""

import logging
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError, VariableDefinitionNode

from core.errors import ApiError, ErrorCode

log = logging.getLogger("callsheet")


def formatted(error: Exception, request_id: str) -> dict[str, Any]:
    """An error in a GraphQL answer; one that nobody expected is logged, and masked."""
    shown = error if isinstance(error, GraphQLError) else GraphQLError(str(error))
    cause = shown.original_error if isinstance(error, GraphQLError) else error
    if isinstance(cause, ApiError):
        return {**shown.formatted, "extensions": cause.extensions}
    if cause is None or isinstance(cause, GraphQLError):
        return {**shown.formatted, "extensions": {"code": _code(shown).value}}
    log.error("request %s failed", request_id, exc_info=cause)
    masked = {k: v for k, v in shown.formatted.items() if k in ("locations", "path")}
    return {
        "message": "Something went wrong on our side.",
        **masked,
        "extensions": {"code": ErrorCode.INTERNAL.value, "requestId": request_id},
    }


def all_formatted(errors: Sequence[Exception] | None, request_id: str) -> list[dict[str, Any]]:
    """The errors of a GraphQL answer."""
    return [formatted(error, request_id) for error in errors or ()]


def _code(error: GraphQLError) -> ErrorCode:
    if isinstance(error, GraphQLSyntaxError):
        return ErrorCode.GRAPHQL_PARSE_FAILED
    if error.nodes and isinstance(error.nodes[0], VariableDefinitionNode):
        return ErrorCode.BAD_USER_INPUT
    # graphql-core gives a path to what failed while running, and to nothing that it refused before.
    return ErrorCode.GRAPHQL_VALIDATION_FAILED if error.path is None else ErrorCode.INTERNAL
