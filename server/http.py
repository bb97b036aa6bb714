"""GraphQL over HTTP: queries by GET and POST, mutations by POST."""

from hashlib import sha256
from http import HTTPStatus
from typing import Any

from graphql import GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from core.context import Context
from core.cursors import Cursor
from core.errors import ApiError, ErrorCode, Forbidden, Invalid, Unauthenticated, Unavailable
from core.visitor import Visitor
from server import requests
from server.callers import bearer
from server.documents import NotPersisted
from server.errors import answer, formatted
from server.media_types import MediaType, accepted
from server.operations import Operation, encode
from server.requests import Refused
from server.state import State
from subscriptions import waits

_AFTER = "Callsheet-After"
"""A header with a cursor: answer when the log has been written that far."""

_STATUSES = {
    Invalid: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What tells a request's failure in HTTP, in either media type."""


async def graphql(request: Request) -> Response:
    """Answer one GraphQL request."""
    request_id: str = request.state.request_id
    media_type = next(iter(accepted(",".join(request.headers.getlist("accept")))), None)
    failure: Exception | None = None
    is_cacheable = False
    with request.app.state.callsheet.observer.watch(request_id, "http") as watch:
        try:
            answered, is_cacheable = await _answer(request, media_type, request_id)
        except ClientDisconnect:
            watch.cancelled()
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # which nobody reads
        except Exception as error:  # noqa: BLE001 - a bug is logged, and answered as a failure
            failure, answered = error, {"errors": [formatted(error, request_id)]}
    status = _status(failure, answered, media_type)
    headers = _headers(failure, status)
    content_type = f"{(media_type or MediaType.JSON).value}; charset=utf-8"
    response = Response(encode(answered), status, headers, content_type)
    return _revalidated(request, response) if is_cacheable else response


async def not_allowed(request: Request, error: Exception) -> Response:
    """The answer to a method that an address does not know."""
    allowed = getattr(error, "headers", None) or {}
    failure = Refused(HTTPStatus.METHOD_NOT_ALLOWED, "This method is not allowed.", **allowed)
    answered = encode({"errors": [formatted(failure, request.state.request_id)]})
    headers = _headers(failure, failure.status)
    return Response(answered, failure.status, headers, MediaType.JSON.value)


async def _answer(
    request: Request, media_type: MediaType | None, request_id: str
) -> tuple[dict[str, Any], bool]:
    """The answer, and whether its client may keep it."""
    if media_type is None:
        known = " or ".join(f"`{each.value}`" for each in MediaType)
        raise Refused(HTTPStatus.NOT_ACCEPTABLE, f"Answers are {known}.")
    state: State = request.app.state.callsheet
    context, operation = await _understood(state, request)
    if operation.type is OperationType.SUBSCRIPTION:
        raise GraphQLError("Subscriptions go by WebSocket, with graphql-transport-ws.")
    if operation.type is OperationType.MUTATION and not requests.is_post(request):
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Mutations go by POST.", Allow="POST")
    if isinstance(context, Context) and (place := request.headers.get(_AFTER)):
        await waits.until_known(context, Cursor.parse(place, _AFTER), _AFTER)
    result = await state.schema.execute(
        operation.query, operation.variables, context, operation_name=operation.name
    )
    answered = answer(result, request_id)
    is_short = operation.is_persisted and not requests.is_post(request)
    return answered, is_short and "errors" not in answered


async def _understood(state: State, request: Request) -> tuple[Context | Visitor, Operation]:
    """Who asks, and what for. Whoever asks to be let in needs no token, and an old one is no harm.

    Somebody without a token hears nothing else but that.
    """
    address = request.client.host if request.client else ""
    visitor = state.visitor(address, request.headers.get("user-agent", ""))
    context: Context | Visitor = visitor
    refused: Unauthenticated | None = None
    try:
        context = await state.context(bearer(request.headers.get("authorization")))
    except Unauthenticated as error:
        refused = error
    try:
        limit = requests.VISITORS_LIMIT if refused else requests.BODY_LIMIT
        operation = await state.operation(await requests.payload(request, limit), context)
    except (ApiError, GraphQLError) as error:
        is_to_be_sent_whole = isinstance(error, NotPersisted) and requests.is_post(request)
        raise error if is_to_be_sent_whole or not refused else refused from None
    if refused and not operation.is_for_visitors:
        raise refused
    return visitor if operation.is_for_visitors else context, operation


def _revalidated(request: Request, response: Response) -> Response:
    """The answer to a query that is asked by its hash: kept by its client, and asked for anew.

    No cache but the client's own may keep it, since every answer depends on who asks.
    """
    tag = f'W/"{sha256(response.body).hexdigest()[:32]}"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["ETag"] = tag
    known = request.headers.get("if-none-match", "")
    if tag in (each.strip() for each in known.split(",")):
        del response.headers["Content-Length"], response.headers["Content-Type"]
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=response.headers)
    return response


def _status(
    failure: Exception | None, answered: dict[str, Any], media_type: MediaType | None
) -> HTTPStatus:
    if isinstance(failure, Refused):
        return failure.status
    if status := _STATUSES.get(type(failure)):
        return status
    if "data" in answered:
        return HTTPStatus.OK
    if answered["errors"][0]["extensions"]["code"] == ErrorCode.INTERNAL.value:
        return HTTPStatus.INTERNAL_SERVER_ERROR
    # With the classic type, another status would not tell that it is GraphQL that answers.
    return HTTPStatus.OK if media_type is MediaType.JSON else HTTPStatus.BAD_REQUEST


def _headers(failure: Exception | None, status: HTTPStatus) -> dict[str, str]:
    headers = {
        "Cache-Control": "no-store",
        "Vary": "Accept, Authorization",
    }
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="callsheet"'
    return headers | failure.headers if isinstance(failure, Refused) else headers
