"""What clients are told of a failure: expected ones as they are, bugs behind a request id."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError, ValueNode, VariableDefinitionNode

from core.errors import ApiError, ErrorCode
from core.outages import is_away
from engine.limits import Exceeded
from server.telemetry.watch import note_failure

log = logging.getLogger("callsheet")


def formatted(error: Exception, request_id: str) -> dict[str, Any]:
    """An error in a GraphQL answer; one that nobody expected is logged, and masked."""
    told = _formatted(error, request_id)
    note_failure(told["extensions"]["code"])
    return told


def _formatted(error: Exception, request_id: str) -> dict[str, Any]:
    shown = error if isinstance(error, GraphQLError) else GraphQLError("", original_error=error)
    cause = shown.original_error
    exceeded = shown if isinstance(shown, Exceeded) else cause
    if isinstance(exceeded, Exceeded):
        extensions = {"code": ErrorCode.TOO_COSTLY.value, **(exceeded.extensions or {})}
        return {**shown.formatted, "message": exceeded.message, "extensions": extensions}
    if isinstance(cause, ApiError):
        return {**shown.formatted, "message": str(cause), "extensions": cause.extensions}
    if code := _code(shown):
        return {**shown.formatted, "extensions": {"code": code.value, **_field(shown)}}
    if is_away(cause):
        log.warning("request %s failed: the database is away: %r", request_id, cause)
        return {
            **shown.formatted,
            "message": "The database can't be reached right now: try again.",
            "extensions": {"code": ErrorCode.UNAVAILABLE.value},
        }
    log.error("request %s failed", request_id, exc_info=cause or shown)
    return {
        **shown.formatted,
        "message": "Something went wrong on our side.",
        "extensions": {"code": ErrorCode.INTERNAL.value, "requestId": request_id},
    }


def all_formatted(errors: Sequence[Exception] | None, request_id: str) -> list[dict[str, Any]]:
    """The errors of a GraphQL answer."""
    return [formatted(error, request_id) for error in errors or ()]


def retry_after(answered: Mapping[str, Any]) -> dict[str, str]:
    """The header that says when all of an answer's errors are worth another try, if it helps."""
    waits = [each["extensions"].get("retryAfter", 0) for each in answered.get("errors", ())]
    return {"Retry-After": str(wait)} if (wait := max(waits, default=0)) else {}


def _field(error: GraphQLError) -> dict[str, str]:
    """The variable that can't be used, if it is one."""
    node = error.nodes[0] if error.nodes else None
    return {"field": node.variable.name.value} if isinstance(node, VariableDefinitionNode) else {}


def _code(error: GraphQLError) -> ErrorCode | None:
    """What is wrong with the client's document or variables; None if they are all right."""
    node = error.nodes[0] if error.nodes else None
    if isinstance(error, GraphQLSyntaxError):
        return ErrorCode.GRAPHQL_PARSE_FAILED
    if isinstance(node, VariableDefinitionNode) or (error.path and isinstance(node, ValueNode)):
        return ErrorCode.BAD_USER_INPUT
    # Without a path it was refused before it was executed; without a place in it, by an exception.
    if error.path is None and (node or error.original_error is None):
        return ErrorCode.GRAPHQL_VALIDATION_FAILED
    return None
