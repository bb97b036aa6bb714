"""How each operation begins and ends: what it has to fulfil before, and how long it may take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult as Executed
from graphql import GraphQLError, GraphQLSchema, OperationType
from strawberry.execution import optimized_is_awaitable
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from core.errors import RateLimited
from core.shares import GivesWay, Shares
from core.viewer import Viewer
from engine import costs, documents
from engine.executor import BreadthFirstExecutor
from engine.limits import Exceeded
from schema import scopes

_is_awaitable: Any = optimized_is_awaitable  # which is declared as a mere question
SECONDS = 30
"""How long a query or a mutation may take."""


@dataclass(frozen=True, slots=True)
class Execution:
    """An operation, and who asks for it."""

    schema: GraphQLSchema
    text: str
    name: str | None
    variables: dict[str, Any] | None
    context: Any

    async def answer(self, root_value: Any) -> ExecutionResult:
        """The answer to it, or to an event of a subscription.

        `Exceeded` if it takes too long: then it is cancelled, in Postgres too. Raises `RateLimited`
        if too many operations of the same person wait already: then nothing of it is executed.
        """
        try:
            if errors := self.refusals():
                return PreExecutionError(data=None, errors=errors)
            kind = documents.operation_of(self.text, self.name).operation
            is_event = kind is OperationType.SUBSCRIPTION
            place = nullcontext() if is_event else self._place()
            limited = asyncio.timeout(None if is_event else SECONDS)
            async with limited as limit, place as self.context.gives_way:
                done = await self._executed(root_value)
            trace = self.context.trace
            told = {"explain": trace.told()} if trace else {}
            return ExecutionResult(data=done.data, errors=done.errors, extensions=told)
        except TimeoutError as error:
            late = Exceeded("seconds", SECONDS) if limit.expired() else _shown(error)
            return PreExecutionError(data=None, errors=[late])
        except RateLimited:
            raise
        except Exception as error:  # noqa: BLE001 - the transports tell what is a bug, and log it
            return PreExecutionError(data=None, errors=[_shown(error)])
        finally:
            await self.context.release()

    def refusals(self) -> list[GraphQLError]:
        """What is wrong with it; why the token is not good for it; or that it costs too much."""
        if errors := documents.errors_of(self.text, self.schema):
            return errors
        viewer = self._viewer
        if viewer and (
            refused := scopes.refusals(self.schema, self.text, self.name, viewer.scopes)
        ):
            return refused
        costs.check(self.schema, self.text, self.name, self.variables)
        return []

    async def _executed(self, root_value: Any) -> Executed:
        executor = BreadthFirstExecutor.build(
            self.schema,
            documents.parsed(self.text),
            root_value,
            self.context,
            self.variables,
            self.name,
            is_awaitable=_is_awaitable,
        )
        if isinstance(executor, list):
            return Executed(None, executor)
        # Side by side, root fields would all go on at once, and keep others waiting.
        serially = True if self.context.gives_way else None
        result: Any = executor.execute_operation(serially)
        done: Executed = await result if _is_awaitable(result) else result
        return done

    def _place(self) -> AbstractAsyncContextManager[GivesWay | None]:
        """A place among the operations of the same person; visitors have other limits."""
        viewer = self._viewer
        if viewer is None:
            return nullcontext()
        shares: Shares = self.context.database.shares
        return shares.one(viewer.id, gives_way=self.context.is_much)

    @property
    def _viewer(self) -> Viewer | None:
        """Who asks; visitors have no token, and what they do needs none."""
        viewer: Viewer | None = getattr(self.context, "viewer", None)
        return viewer


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
            asked = Execution(schema, text, name, operation.variables, operation.context)
            operation.pre_execution_errors = asked.refusals()
            yield
        finally:
            await operation.context.release()
