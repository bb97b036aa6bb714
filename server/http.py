"""GraphQL over HTTP: queries by GET and POST, mutations by POST."""

from http import HTTPStatus
from typing import Any

import orjson
from graphql import GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from core.errors import ApiError, ErrorCode, Invalid, Unauthenticated
from models import new_id
from server.errors import answer, formatted
from server.operations import Operation, encode
from server.state import State
from server.tokens import bearer

BODY_LIMIT = 1024 * 1024
_MODERN = "application/graphql-response+json"
_CLASSIC = "application/json"
_ALSO_CLASSIC = {"", _CLASSIC, "application/*", "*/*"}


class Refused(Invalid):
    """A request for whose fault HTTP has a status of its own."""

    def __init__(self, status: HTTPStatus, message: str, **headers: str) -> None:
        super().__init__("query", message)
        self.status = status
        self.headers = headers


async def graphql(request: Request) -> Response:
    """Answer one GraphQL request."""
    request_id = str(new_id())
    media_type = _media_type(request)
    failure: Exception | None = None
    try:
        answered = await _answer(request, media_type, request_id)
    except ClientDisconnect:
        return Response(status_code=HTTPStatus.BAD_REQUEST)  # which nobody reads
    except Exception as error:  # noqa: BLE001 - a bug is logged, and answered like other failures
        failure, answered = error, {"errors": [formatted(error, request_id)]}
    status = _status(failure, answered, media_type)
    headers = {
        "X-Request-Id": request_id,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if isinstance(failure, Refused):
        headers |= failure.headers
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="callsheet"'
    return Response(encode(answered), status, headers, f"{media_type or _CLASSIC}; charset=utf-8")


def _media_type(request: Request) -> str | None:
    """How to answer: the modern way to those who name it, the classic way to all others."""
    header = ",".join(request.headers.getlist("accept"))
    accepted = {each.partition(";")[0].strip().lower() for each in header.split(",")}
    if _MODERN in accepted:
        return _MODERN
    return _CLASSIC if accepted & _ALSO_CLASSIC else None


async def _answer(request: Request, media_type: str | None, request_id: str) -> dict[str, Any]:
    if media_type is None:
        raise Refused(HTTPStatus.NOT_ACCEPTABLE, f"Answers are `{_MODERN}` or `{_CLASSIC}`.")
    state: State = request.app.state.callsheet
    context = await state.context(bearer(request.headers.get("authorization")))
    operation = Operation.parse(await _posted(request) if _is_post(request) else _got(request))
    if operation.type is OperationType.SUBSCRIPTION:
        raise GraphQLError("Subscriptions go by WebSocket, with graphql-transport-ws.")
    if operation.type is OperationType.MUTATION and not _is_post(request):
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Mutations go by POST.", Allow="POST")
    result = await state.schema.execute(
        operation.query, operation.variables, context, operation_name=operation.name
    )
    return answer(result, request_id)


def _is_post(request: Request) -> bool:
    return request.method == "POST"


def _got(request: Request) -> dict[str, object]:
    """What the query string of a GET request says."""
    given: dict[str, object] = dict(request.query_params)
    for field in {"variables", "extensions"} & given.keys():
        given[field] = _json(request.query_params[field] or "null", field)
    return given


async def _posted(request: Request) -> object:
    """What the body of a POST request says."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _CLASSIC:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"The body must be `{_CLASSIC}`.")
    too_large = Refused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body may have {BODY_LIMIT:,} bytes at most."
    )
    if int(request.headers.get("content-length", 0)) > BODY_LIMIT:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise too_large
    return _json(bytes(body), "query")


def _json(text: str | bytes, field: str) -> object:
    try:
        parsed: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid(field, "This is not JSON.") from error
    return parsed


def _status(
    failure: Exception | None, answered: dict[str, Any], media_type: str | None
) -> HTTPStatus:
    match failure:
        case Refused():
            return failure.status
        case Unauthenticated():
            return HTTPStatus.UNAUTHORIZED
        case ApiError():
            return HTTPStatus.BAD_REQUEST
    if "data" in answered:
        return HTTPStatus.OK
    if answered["errors"][0]["extensions"]["code"] == ErrorCode.INTERNAL.value:
        return HTTPStatus.INTERNAL_SERVER_ERROR
    # With the classic type, another status would not tell that it is GraphQL that answers.
    return HTTPStatus.BAD_REQUEST if media_type == _MODERN else HTTPStatus.OK
