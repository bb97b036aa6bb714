"""GraphQL over HTTP: queries by GET and POST, mutations by POST."""

from http import HTTPStatus

import orjson
import uuid_utils.compat
from starlette.requests import Request
from starlette.responses import Response
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from core.errors import ApiError, Invalid, Unauthenticated
from server.errors import all_formatted, formatted
from server.operations import Operation, encode
from server.state import State
from server.tokens import bearer

_BODY_LIMIT = 1024 * 1024
_NEW_TYPE = "application/graphql-response+json"
_BY_METHOD = {"GET": {OperationType.QUERY}, "POST": {OperationType.QUERY, OperationType.MUTATION}}


class TooLarge(ApiError):
    """A body over the limit."""

    code = Invalid.code


async def graphql(request: Request) -> Response:
    """Answer one GraphQL request."""
    state: State = request.app.state.callsheet
    request_id = str(uuid_utils.compat.uuid7())
    try:
        context = await state.context(bearer(request.headers.get("authorization")))
        operation = await _operation(request)
        result = await state.schema.execute(
            operation.query,
            operation.variables,
            context,
            operation_name=operation.name,
            allowed_operation_types=_BY_METHOD[request.method],
        )
    except (ApiError, MissingQueryError, CannotGetOperationTypeError) as error:
        refusal = error if isinstance(error, ApiError) else Invalid("query", _reason(error))
        return _answer(request, request_id, {"errors": [formatted(refusal, request_id)]}, refusal)
    except InvalidOperationTypeError:
        refusal = Invalid("query", "Mutations go by POST, subscriptions by WebSocket.")
        return _answer(request, request_id, {"errors": [formatted(refusal, request_id)]}, refusal)
    answer = {"errors": errors} if (errors := all_formatted(result.errors, request_id)) else {}
    # Without an error's path nothing was executed: then the answer has no data at all.
    refused = result.data is None and result.errors and result.errors[0].path is None
    if refused:
        return _answer(request, request_id, answer, Invalid("query", ""))
    return _answer(request, request_id, {**answer, "data": result.data})


async def _operation(request: Request) -> Operation:
    if request.method == "GET":
        given = dict(request.query_params)
        variables = given.pop("variables", None)
        return Operation.parse({**given, "variables": _json(variables or "null", "variables")})
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Invalid("query", "The body must be `application/json`.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT:
            raise TooLarge(f"A body may have {_BODY_LIMIT:,} bytes at most.", field="query")
    return Operation.parse(_json(bytes(body), "query"))


def _json(text: str | bytes, field: str) -> object:
    try:
        parsed: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid(field, "This is not JSON.") from error
    return parsed


def _reason(error: MissingQueryError | CannotGetOperationTypeError) -> str:
    if isinstance(error, CannotGetOperationTypeError):
        return error.as_http_error_reason()
    return "`query` may not be empty."


def _answer(
    request: Request, request_id: str, answer: object, refusal: ApiError | None = None
) -> Response:
    modern = _NEW_TYPE in request.headers.get("accept", "")
    headers = {"X-Request-Id": request_id, "Cache-Control": "no-store"}
    status = HTTPStatus.OK
    if isinstance(refusal, Unauthenticated):
        status = HTTPStatus.UNAUTHORIZED
        headers["WWW-Authenticate"] = 'Bearer realm="callsheet"'
    elif isinstance(refusal, TooLarge):
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    elif refusal is not None:
        status = HTTPStatus.BAD_REQUEST
    media_type = _NEW_TYPE if modern else "application/json"
    return Response(encode(answer), status, headers, media_type)
