"""GraphQL over HTTP: queries by GET and POST, mutations by POST."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from graphql import GraphQLError, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from core.context import Context
from core.cursors import Cursor
from core.errors import ApiError, RateLimited, Unauthenticated, Unavailable
from core.visitor import Visitor
from server import requests, statuses
from server.answers import Answer, answer, answers, forecast
from server.bills import Bill
from server.callers import Caller, login
from server.documents import NotPersisted
from server.errors import formatted, retry_after
from server.event_streams import EventStream, Framing, Multipart, ServerSentEvents
from server.leaving import unless_gone
from server.media_types import MediaType, accepted
from server.operations import Operation, encode
from server.requests import Refused
from server.state import State
from subscriptions import waits

_AFTER = "Callsheet-After"
"""A header with a cursor: answer when the log has been written that far."""
_LAST_TOLD = "Last-Event-ID"
"""A header with the cursor of the last event of a stream: go on after it, whatever `after` says."""

_FRAMINGS: dict[MediaType, Framing] = {
    MediaType.EVENTS: ServerSentEvents(),
    MediaType.PARTS: Multipart(),
}
_ELSEWHERE = (
    "Subscriptions go by WebSocket, with graphql-transport-ws, or to those who accept "
    "`text/event-stream`, or `multipart/mixed` with `subscriptionSpec=1.0`."
)


async def graphql(request: Request) -> Response:
    """Answer one GraphQL request."""
    request_id: str = request.state.request_id
    taken = accepted(",".join(request.headers.getlist("accept")))
    media_type = next((each for each in taken if each not in _FRAMINGS), None)
    failure: Exception | None = None
    is_cacheable = False
    with ExitStack() as watching:
        watch = watching.enter_context(_state(request).observer.watch(request_id, "http"))
        try:
            asked = await _understood(request, taken)
            framing = _framing(taken, asked.operation)
            if framing and asked.caller and asked.operation.is_followed:
                return _stream(request, framing, asked, asked.caller, watching)
            answered, is_cacheable = await _answer(request, asked)
            if framing:
                return _told(request, framing, answered)
        except ClientDisconnect:
            watch.cancelled()
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # which nobody reads
        except asyncio.CancelledError:  # the process ends, and waits no longer
            failure = Unavailable("This server process ends: try again.")
            answered = {"errors": [formatted(failure, request_id)]}
        except Exception as error:  # noqa: BLE001 - a bug is logged, and answered as a failure
            failure, answered = error, {"errors": [formatted(error, request_id)]}
            if taken and not media_type and isinstance(error, GraphQLError | NotPersisted):
                return _told(request, _FRAMINGS[taken[0]], answered)
    status = statuses.status(failure, answered, media_type)
    headers = statuses.headers(request, failure) | statuses.challenge(request, answered, status)
    headers |= retry_after(answered)
    content_type = f"{(media_type or MediaType.JSON).value}; charset=utf-8"
    response = Response(encode(answered), status, headers, content_type)
    return _revalidated(request, response) if is_cacheable else response


def _state(request: Request) -> State:
    state: State = request.app.state.callsheet
    return state


async def not_allowed(request: Request, error: Exception) -> Response:
    """The answer to a method that an address does not know."""
    allowed = getattr(error, "headers", None) or {}
    failure = Refused(HTTPStatus.METHOD_NOT_ALLOWED, "This method is not allowed.", **allowed)
    answered = encode({"errors": [formatted(failure, request.state.request_id)]})
    headers = statuses.headers(request, failure)
    return Response(answered, failure.status, headers, f"{MediaType.JSON.value}; charset=utf-8")


def _place(request: Request, header: str) -> Cursor | None:
    """The place in the log that a header names."""
    given = request.headers.get(header)
    return Cursor.parse(given, header) if given else None


def _framing(taken: Sequence[MediaType], operation: Operation) -> Framing | None:
    """How to tell it as a stream; None for one answer, which all get who can read it."""
    streams = [_FRAMINGS[each] for each in taken if each in _FRAMINGS]
    if not operation.is_followed:
        return streams[0] if len(streams) == len(taken) else None
    if not streams:
        raise GraphQLError(_ELSEWHERE)
    return streams[0]


def _stream(
    request: Request, framing: Framing, asked: "Asked", caller: Caller, watching: ExitStack
) -> Response:
    """The answers to a subscription, as a stream that lasts as long as its token."""
    state, context, request_id = _state(request), asked.context, request.state.request_id
    after = _place(request, _LAST_TOLD)
    watching.enter_context(state.streams.one(caller.viewer.id))
    return EventStream(
        framing,
        answers(state.schema, asked.operation, context, request_id, bill=asked.bill, after=after),
        while_good=state.callers.while_good(caller),
        streams=state.telling,
        watching=watching.pop_all(),
        headers=statuses.headers(request, None),
    )


def _told(request: Request, framing: Framing, answered: dict[str, Any]) -> Response:
    """One answer, to a client that reads nothing but streams."""
    is_refusal = "data" not in answered
    only = Answer(encode(answered["errors"] if is_refusal else answered), is_refusal)
    headers, content_type = (
        statuses.headers(request, None) | retry_after(answered),
        framing.content_type,
    )
    return Response(framing.only(only), headers=headers, media_type=content_type)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, what for, and what it is charged to."""

    context: Context | Visitor
    operation: Operation
    bill: Bill
    caller: Caller | None
    """Who has sent a token that is good."""


async def _answer(request: Request, asked: Asked) -> tuple[dict[str, Any], bool]:
    """The answer, and whether its client may keep it."""
    schema, operation, request_id = (
        _state(request).schema,
        asked.operation,
        request.state.request_id,
    )
    if operation.dry_run:
        return forecast(schema, operation, asked.context, asked.bill, request_id), False
    work = schema.execute(
        operation.query, operation.variables, asked.context, operation_name=operation.name
    )
    # A mutation is carried out, whoever leaves: a client that comes back may ask with its key.
    is_query = operation.type is OperationType.QUERY
    result = await (unless_gone(request, work) if is_query else work)
    if operation.is_for_visitors and result.errors:
        await _state(request).turns.pause(asked.bill.payer)
    is_kept = operation.is_persisted and not requests.is_post(request) and not result.errors
    # What is left of a budget is another each time, and would make the same answer another.
    return answer(result, request_id, None if is_kept else asked.bill), is_kept


async def _understood(request: Request, taken: Sequence[MediaType]) -> Asked:
    """What is asked for, if it may go this way."""
    asked = await _asked(_state(request), request, taken)
    if asked.operation.type is OperationType.MUTATION and not requests.is_post(request):
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Mutations go by POST.", Allow="POST")
    if isinstance(asked.context, Context) and (place := _place(request, _AFTER)):
        await waits.until_known(asked.context, place, _AFTER)
    return asked


async def _asked(state: State, request: Request, taken: Sequence[MediaType]) -> Asked:
    """Who asks, and what for. Whoever asks to be let in needs no token, and an old one is no harm.

    Somebody without a token hears nothing else but that.
    """
    address = request.client.host if request.client else ""
    visitor = state.visitor(address, request.headers.get("user-agent", ""))
    context: Context | Visitor = visitor
    caller: Caller | None = None
    refused: Unauthenticated | None = None
    try:
        caller = await state.callers.of(*login(request.headers))
        context, budget = state.context(caller), state.budget(caller)
    except Unauthenticated as error:
        refused, budget = error, state.address_budget(address)
    request.state.budget = budget  # which the answer tells of, whatever it is
    try:
        async with state.turns.before(budget.who):
            _check(taken)
            bill = Bill(budget)
            limit = requests.VISITORS_LIMIT if refused else requests.BODY_LIMIT
            payload = await requests.payload(request, limit)
        operation = await state.operation(payload, context, bill)
    except (ApiError, GraphQLError) as error:
        is_to_be_sent_whole = isinstance(error, NotPersisted) and requests.is_post(request)
        if refused and not (is_to_be_sent_whole or isinstance(error, RateLimited)):
            raise refused from None
        raise
    return Asked(visitor if operation.is_for_visitors else context, operation, bill, caller)


def _check(taken: Sequence[MediaType]) -> None:
    if not taken:
        known = ", ".join(f"`{each.value}`" for each in MediaType)
        raise Refused(HTTPStatus.NOT_ACCEPTABLE, f"Answers are of these types: {known}.")


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
