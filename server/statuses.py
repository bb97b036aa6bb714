"""What HTTP tells of an answer, beside its body: the status, and header fields."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request

from core.errors import ErrorCode, Forbidden, Invalid, RateLimited, Unauthenticated, Unavailable
from server import bills
from server.callers import AGENCY, bearer
from server.media_types import MediaType
from server.requests import Refused

_STATUSES = {
    Invalid: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What tells a request's failure in HTTP, in either media type."""

_FAULTS = {
    ErrorCode.FORBIDDEN.value: HTTPStatus.FORBIDDEN,
    ErrorCode.INTERNAL.value: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.UNAVAILABLE.value: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The same by the code of an error, of whatever was noticed later."""


def status(
    failure: Exception | None, answered: dict[str, Any], media_type: MediaType | None
) -> HTTPStatus:
    """The status of an answer, and of the failure behind it."""
    if isinstance(failure, Refused):
        return failure.status
    if told := _STATUSES.get(type(failure)):
        return told
    if "data" in answered:
        return HTTPStatus.OK
    if told := _FAULTS.get(answered["errors"][0]["extensions"]["code"]):
        return told
    # With the classic type, another status would not tell that it is GraphQL that answers.
    return HTTPStatus.OK if media_type is MediaType.JSON else HTTPStatus.BAD_REQUEST


def headers(request: Request, failure: Exception | None) -> dict[str, str]:
    """The fields of every answer: who may keep it, and what is left of whose budget."""
    fields = {
        "Cache-Control": "no-store",
        "Vary": f"Accept, Authorization, {AGENCY}",
    }
    if budget := getattr(request.state, "budget", None):
        fields |= bills.headers(budget, failure)
    return fields | failure.headers if isinstance(failure, Refused) else fields


def challenge(request: Request, answered: dict[str, Any], status: HTTPStatus) -> dict[str, str]:
    """What a token is wanted for; and what is wrong with the one that came (RFC 6750, 3)."""
    parts = ['Bearer realm="callsheet"']
    if status is HTTPStatus.UNAUTHORIZED:
        if bearer(request.headers.get("authorization")):
            parts.append('error="invalid_token"')
        return {"WWW-Authenticate": ", ".join(parts)}
    scopes = [error["extensions"].get("scope") for error in answered.get("errors", ())]
    if status is HTTPStatus.FORBIDDEN and all(scopes):
        parts += ['error="insufficient_scope"', f'scope="{" ".join(scopes)}"']
        return {"WWW-Authenticate": ", ".join(parts)}
    return {}
