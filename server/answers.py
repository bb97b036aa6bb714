"""The answers to an operation, one after the other, as a transport sends them."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from graphql import OperationType
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from core.context import Context
from core.cursors import Cursor
from core.outages import is_away
from core.visitor import Visitor
from schema import Schema
from schema.base import Taken
from server.bills import Bill
from server.errors import all_formatted, formatted
from server.operations import Operation, encode
from subscriptions.events import PresenceEvent, StreamEvent
from subscriptions.live import Hand, Ready


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in JSON."""

    json: bytes
    is_refusal: bool
    """Nothing was executed: the JSON is that of its errors alone, and no answer follows."""
    place: Cursor | None = None
    """The place in the log after it, if it is one of a subscription."""


def answer(result: ExecutionResult, request_id: str, bill: Bill | None = None) -> dict[str, Any]:
    """A result as clients get it: without `data` if nothing was executed; with what it cost."""
    errors = all_formatted(result.errors, request_id)
    # Only what fails while it is executed has a path.
    refused = result.data is None and result.errors and result.errors[0].path is None
    if refused or isinstance(result, PreExecutionError):
        return {"errors": errors}
    answered = {"errors": errors, "data": result.data} if errors else {"data": result.data}
    more = result.extensions or {}
    if bill:
        more = more | {"cost": bill.told}
    return answered | {"extensions": more} if more else answered


def forecast(
    schema: Schema, operation: Operation, context: Context | Visitor, bill: Bill, request_id: str
) -> dict[str, Any]:
    """What is told of an operation that is not executed: what it would cost, or why it can't be."""
    refusals = schema.refusals(operation.query, operation.name, operation.variables, context)
    if refusals:
        return {"errors": all_formatted(refusals, request_id)}
    return {"data": None, "extensions": {"cost": bill.told}}


async def answers(
    schema: Schema,
    operation: Operation,
    context: Context | Visitor,
    request_id: str,
    *,
    bill: Bill | None = None,
    after: Cursor | None = None,
    hand: Hand[Answer] | None = None,
    ready: Ready | None = None,
) -> AsyncGenerator[Answer, None]:
    """The one answer to a query or a mutation; those to a subscription, without end.

    Subscriptions that are told the same are executed once, and get the same bytes. A place that
    the transport knows of counts more than the one in the operation's own argument `after`. With
    `hand`, an answer that is there while one waits is given to it, and yielded only if it can't be
    taken. With `ready`, what is not worth waiting for is made only when the client can take it.
    """
    taken = Taken()
    try:
        if bill and operation.dry_run:
            yield _told(forecast(schema, operation, context, bill, request_id))
            return
        if operation.type is not OperationType.SUBSCRIPTION:
            done = await schema.execute(
                operation.query, operation.variables, context, operation_name=operation.name
            )
            yield _told(answer(done, request_id, bill))
            return
        for result in await _begun(schema, operation, context, taken):
            yield _told(answer(result, request_id, bill))
        if taken.live:
            live = taken.live.resumed(after) if after else taken.live
            key = schema.told_alike(live, operation.query, operation.name, operation.variables)
            execute = partial(_of_event, schema, operation, request_id)
            async with aclosing(live.answers(key, execute, hand, ready)) as told:
                async for each in told:
                    yield each
    except Exception as error:  # noqa: BLE001 - a bug is logged, and ends its operation only
        yield Answer(encode([formatted(error, request_id)]), is_refusal=True)


async def _begun(
    schema: Schema, operation: Operation, context: Context | Visitor, taken: Taken
) -> list[ExecutionResult]:
    """Have the stream of a subscription taken; why it can't be, if it is refused."""
    results = await schema.stream(
        operation.query,
        operation.variables,
        context,
        root_value=taken,
        operation_name=operation.name,
    )
    async with aclosing(results):
        # The schema has no @defer and no @stream, so that there is nothing else.
        return [cast("ExecutionResult", result) async for result in results]


async def _of_event(
    schema: Schema,
    operation: Operation,
    request_id: str,
    context: Context,
    event: StreamEvent | PresenceEvent,
) -> tuple[Answer, bool]:
    """The answer to a subscription for an event; and whether it is good for who asks later."""
    result = await schema.execute(
        operation.query,
        operation.variables,
        context,
        root_value=event,
        operation_name=operation.name,
    )
    for error in result.errors or ():
        if is_away(error.original_error):
            raise error.original_error  # half an event is no event: it is tried again
    # Whose budget it is, and what is left of it, is not for those who are told the same.
    return _told(answer(result, request_id), event.cursor), not result.errors


def _told(given: dict[str, Any], place: Cursor | None = None) -> Answer:
    if "data" in given:
        return Answer(encode(given), is_refusal=False, place=place)
    return Answer(encode(given["errors"]), is_refusal=True, place=place)
