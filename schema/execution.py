"""How each operation begins and ends: what it has to fulfil before, and how long it may take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from graphql import GraphQLError, GraphQLSchema, OperationType
from strawberry.extensions import SchemaExtension

from engine import costs, documents
from engine.limits import Exceeded
from schema import scopes

SECONDS = 30
"""How long a query or a mutation may take."""


class Execution(SchemaExtension):
    """Begins an operation with a document that is known, and gives its connection back."""

    async def on_operation(self) -> AsyncIterator[None]:
        """Until the end, however it comes."""
        operation = self.execution_context
        text = operation.query or ""
        try:
            operation.graphql_document = documents.parsed(text)
            operation.pre_execution_errors = self._errors(text)
            async with _within(None if operation.pre_execution_errors else self._seconds(text)):
                yield
        finally:
            await operation.context.release()

    def get_results(self) -> dict[str, Any]:
        """What the answer has beside data and errors."""
        trace = self.execution_context.context.trace
        return {"explain": trace.told()} if trace else {}

    @property
    def _schema(self) -> GraphQLSchema:
        return self.execution_context.schema._schema  # noqa: SLF001 - as Strawberry's own caches do

    @property
    def _name(self) -> str | None:
        return self.execution_context._provided_operation_name  # noqa: SLF001 - Strawberry hides it

    def _errors(self, text: str) -> list[GraphQLError]:
        """What is wrong with it; why the token is not good for it; or that it costs too much."""
        schema, name = self._schema, self._name
        # Visitors have no token, and what they do needs none.
        viewer = getattr(self.execution_context.context, "viewer", None)
        if errors := documents.errors_of(schema, text):
            return errors
        if viewer and (refusals := scopes.refusals(schema, text, name, viewer.scopes)):
            return refusals
        costs.check(schema, text, name, self.execution_context.variables)
        return []

    def _seconds(self, text: str) -> int | None:
        kind = documents.operation_of(text, self._name).operation
        return None if kind is OperationType.SUBSCRIPTION else SECONDS


@asynccontextmanager
async def _within(seconds: int | None) -> AsyncIterator[None]:
    """`Exceeded` if what is in the block takes longer: it is cancelled, in Postgres too."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if seconds and limit.expired():
            raise Exceeded("seconds", seconds) from None
        raise
