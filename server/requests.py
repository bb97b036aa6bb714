"""What a request says: its body, or its query string."""

import asyncio
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from core.errors import Invalid
from server.media_types import MediaType, Parsed

BODY_LIMIT = 1024 * 1024
VISITORS_LIMIT = 16 * 1024  # of the body of somebody without a token
BODY_S = 30
"""How long a body may take to come."""
_FIELDS: Final = ("query", "documentId", "variables", "operationName", "extensions")
_IN_JSON: Final = ("variables", "extensions")


class Refused(Invalid):
    """A request for whose fault HTTP has a status of its own."""

    def __init__(self, status: HTTPStatus, message: str, **headers: str) -> None:
        super().__init__("query", message)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


async def payload(request: Request, limit: int) -> object:
    """The decoded request; `Invalid` or `Refused` if it can't be read, or has more bytes."""
    if is_post(request):
        return _json(await _body(request, limit), "query")
    return _got(request.url.query)


def is_post(request: Request) -> bool:
    """Whether it may change something; the only other methods are GET and HEAD."""
    return request.method == "POST"


def _got(query: str) -> dict[str, object]:
    """What the query string of a GET request says; what is empty is not given."""
    try:
        pairs = parse_qsl(query, errors="strict")
    except UnicodeDecodeError as error:
        raise Invalid("query", "The query string must be UTF-8.") from error
    given: dict[str, object] = {}
    for name, value in pairs:
        if name in given and name in _FIELDS:
            raise Invalid(name, f"`{name}` is given twice.")
        given[name] = _json(value, name) if name in _IN_JSON else value
    return given


async def _body(request: Request, limit: int) -> bytes:
    """The body of a POST request, as far as it may be long."""
    _check(Parsed.parse(request.headers.get("content-type", "")))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        message = "The body must not be compressed."
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message, Accept_Encoding="identity")
    too_large = Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body may have {limit:,} bytes at most."
    )
    if int(request.headers.get("content-length", 0)) > limit:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise too_large
    except TimeoutError:
        message = f"A body may take {BODY_S} seconds to come."
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, message, Connection="close") from None
    return bytes(body)


def _check(content_type: Parsed) -> None:
    if content_type.name != MediaType.JSON.value:
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"The body must be `{MediaType.JSON.value}`.",
            Accept=MediaType.JSON.value,
        )
    if content_type.parameters.get("charset", "utf-8") not in ("utf-8", "utf8"):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be in UTF-8.")


def _json(text: str | bytes, field: str) -> object:
    try:
        parsed: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid(field, "This is not JSON.") from error
    return parsed
