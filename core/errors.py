"""The failures a client may see; any other exception is a bug and is masked."""

from enum import Enum
from typing import Any


class ErrorCode(Enum):
    """What kind of failure it was: `extensions.code` of an error."""

    BAD_USER_INPUT = "BAD_USER_INPUT"
    """An argument can't be used; `extensions.field` names it."""
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """No token, or one that can't be used."""
    FORBIDDEN = "FORBIDDEN"
    """The viewer may see this, but not do that."""
    NOT_FOUND = "NOT_FOUND"
    """There is no such thing, or not for the viewer; `extensions.field` names the argument."""
    CONFLICT = "CONFLICT"
    """It was changed meanwhile; `extensions.version` and `extensions.fields` say how far."""
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    """The idempotency key was used before with other arguments."""
    RATE_LIMITED = "RATE_LIMITED"
    """Too much in a short time; `extensions.retryAfter` says for how many seconds to wait."""
    TOO_COSTLY = "TOO_COSTLY"
    """The operation asks for more than one may; `extensions.limit` and `allowed` say of what."""
    UNAVAILABLE = "UNAVAILABLE"
    """Not possible right now: try again."""
    RESYNC = "RESYNC"
    """The log does not know the place of a cursor: read anew what you have of it."""
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    """No document is known by this hash: send it whole, with its hash."""
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    """The document is not GraphQL."""
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    """The document does not fit the schema."""
    INTERNAL = "INTERNAL"
    """A bug or a fault of the server; `extensions.requestId` is in its log."""


class ApiError(Exception):
    """An expected failure: `code` is for programs, the message for people."""

    code = ErrorCode.INTERNAL

    def __init__(self, message: str, **more: Any) -> None:
        super().__init__(message)
        self.extensions = {"code": self.code.value, **more}


class Invalid(ApiError):
    """An argument that can't be used."""

    code = ErrorCode.BAD_USER_INPUT

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)


class Unauthenticated(ApiError):
    """No token, or one that can't be used."""

    code = ErrorCode.UNAUTHENTICATED


class Forbidden(ApiError):
    """The viewer may see it, but not do that."""

    code = ErrorCode.FORBIDDEN


class NotFound(ApiError):
    """No such thing, as far as the viewer may know."""

    code = ErrorCode.NOT_FOUND

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)


class Conflict(ApiError):
    """It was changed, or made, by someone else meanwhile."""

    code = ErrorCode.CONFLICT


class RateLimited(ApiError):
    """Too much in a short time: wait."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, message: str, retry_after: int, **more: Any) -> None:
        super().__init__(message, retryAfter=retry_after, **more)


class Unavailable(ApiError):
    """Not possible right now, but soon."""

    code = ErrorCode.UNAVAILABLE


class Resync(ApiError):
    """The log does not know a place that it must once have had."""

    code = ErrorCode.RESYNC

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)


class IdempotencyMismatch(ApiError):
    """The idempotency key was used before with other arguments."""

    code = ErrorCode.IDEMPOTENCY_MISMATCH
