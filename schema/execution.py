"""How each operation begins and ends: what it has to fulfil before, and how long it may take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from graphql import ExecutionResult as Executed
from graphql import GraphQLError, GraphQLSchema, OperationType
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from core.shares import share
from engine import costs, documents
from engine.executor import BreadthFirstExecutor
from engine.limits import Exceeded
from schema import scopes

_is_awaitable: Any = optimized_is_awaitable  # which is declared as a mere question
SECONDS = 30
"""How long a query or a mutation may take."""


async def execute(
    schema: GraphQLSchema,
    text: str,
    name: str | None,
    variables: dict[str, Any] | None,
    context: Any,
    root_value: Any,
) -> ExecutionResult:
    """The answer to an operation, or to an event of a subscription.

    `Exceeded` if it takes too long: then it is cancelled, in Postgres too.
    """
    try:
        if errors := refusals(schema, text, name, variables, context):
            return PreExecutionError(data=None, errors=errors)
        is_event = documents.operation_of(text, name).operation is OperationType.SUBSCRIPTION
        place = nullcontext() if is_event else _place(schema, text, name, variables, context)
        async with asyncio.timeout(None if is_event else SECONDS) as limit, place:
            done = await _executed(schema, text, name, variables, context, root_value)
        told = {"explain": context.trace.told()} if context.trace else {}
        return ExecutionResult(data=done.data, errors=done.errors, extensions=told)
    except TimeoutError as error:
        late = Exceeded("seconds", SECONDS) if limit.expired() else _shown(error)
        return PreExecutionError(data=None, errors=[late])
    except Exception as error:  # noqa: BLE001 - the transports tell what is a bug, and log it
        return PreExecutionError(data=None, errors=[_shown(error)])
    finally:
        await context.release()


async def _executed(
    schema: GraphQLSchema,
    text: str,
    name: str | None,
    variables: dict[str, Any] | None,
    context: Any,
    root_value: Any,
) -> Executed:
    executor = BreadthFirstExecutor.build(
        schema,
        documents.parsed(text),
        root_value,
        context,
        variables,
        name,
        is_awaitable=_is_awaitable,
    )
    if isinstance(executor, list):
        return Executed(None, executor)
    result: Any = executor.execute_operation()
    done: Executed = await result if _is_awaitable(result) else result
    return done


def refusals(
    schema: GraphQLSchema,
    text: str,
    name: str | None,
    variables: dict[str, Any] | None,
    context: Any,
) -> list[GraphQLError]:
    """What is wrong with it; why the token is not good for it; or that it costs too much."""
    # Visitors have no token, and what they do needs none.
    viewer = getattr(context, "viewer", None)
    if errors := documents.errors_of(schema, text):
        return errors
    if viewer and (refused := scopes.refusals(schema, text, name, viewer.scopes)):
        return refused
    costs.check(schema, text, name, variables)
    return []


def _place(
    schema: GraphQLSchema,
    text: str,
    name: str | None,
    variables: dict[str, Any] | None,
    context: Any,
) -> AbstractAsyncContextManager[None]:
    """A place among the operations of the same person; visitors have other limits."""
    viewer = getattr(context, "viewer", None)
    if viewer is None:
        return nullcontext()
    return share(viewer.id, costs.cost(schema, text, name, variables))


def _shown(error: Exception) -> GraphQLError:
    if isinstance(error, GraphQLError):
        return error
    return GraphQLError(str(error), original_error=error)


class Streaming(SchemaExtension):
    """Begins a subscription with a document that is known, and gives its connection back."""

    async def on_operation(self) -> AsyncIterator[None]:
        """Until the end, however it comes."""
        operation = self.execution_context
        text = operation.query or ""
        name = operation._provided_operation_name  # noqa: SLF001 - Strawberry hides it
        schema = operation.schema._schema  # noqa: SLF001 - as Strawberry's own caches do
        try:
            operation.graphql_document = documents.parsed(text)
            operation.pre_execution_errors = refusals(
                schema, text, name, operation.variables, operation.context
            )
            yield
        finally:
            await operation.context.release()
