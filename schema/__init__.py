"""What clients see: types and fields, each naming what is behind it."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLSchema, get_variable_values
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type
from strawberry.types import ExecutionResult
from strawberry.utils.str_converters import to_camel_case

import models
from core.context import Context
from core.cursors import Cursor
from core.errors import ErrorCode
from core.log_filter import FeedKind
from core.viewer import Scope
from core.visitor import Visitor
from engine import costs, docs
from engine.documents import errors_of, operation_of
from engine.executor import BreadthFirstExecutor
from engine.info import Info
from engine.leaves import as_it_is
from engine.limits import Exceeded
from resolvers.orders import Direction, OrderSortKey
from schema import (
    api_keys,
    assignments,
    chat,
    checklists,
    log,
    order_services,
    orders,
    people,
    presence,
    services,
    sessions,
    sharing,
    viewer,
)
from schema.execution import Execution, Streaming
from subscriptions.events import StreamEventType
from subscriptions.live import Live

SUBJECTS = (
    viewer,
    sessions,
    people,
    api_keys,
    services,
    orders,
    order_services,
    assignments,
    checklists,
    chat,
    presence,
    log,
)

ENUMS = (
    Direction,
    ErrorCode,
    FeedKind,
    OrderSortKey,
    Scope,
    StreamEventType,
    models.AssignmentRole,
    models.JobRole,
    models.Kind,
    models.OrderStatus,
    models.PaymentStatus,
    models.Permission,
    models.ServiceKind,
    models.ServiceStatus,
)

CURSOR = strawberry.scalar(
    name="Cursor",
    description="A place in a list or in the log. Opaque: keep it, and give it back as it is.",
    serialize=str,
    parse_value=lambda value: value,
)


DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="A moment in ISO 8601, with its offset from UTC: `2026-05-01T09:30:00+02:00`.",
    serialize=as_it_is,
    parse_value=datetime.fromisoformat,
)


class Schema(strawberry.Schema):
    """The API."""

    def process_errors(self, errors: Any, execution_context: Any = None) -> None:
        """Nothing here: the transports log what is a bug, and only that."""

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,
        operation_name: str | None = None,
        allowed_operation_types: Any = None,
        operation_extensions: Any = None,
    ) -> ExecutionResult:
        """The answer to an operation, or to an event of a subscription.

        Without the steps that Strawberry has for extensions: they took longer than a small query.
        """
        del allowed_operation_types, operation_extensions  # no transport knows of them
        asked = Execution(self._schema, query or "", operation_name, variable_values, context_value)
        return await asked.answer(root_value)

    def cost(self, query: str, name: str | None, variables: Mapping[str, Any] | None) -> int | None:
        """How many objects an operation asks for; None if it is refused for its document."""
        if errors_of(query, self._schema):
            return None
        found = costs.cost(self._schema, query, name, variables)
        return found if found <= costs.LIMIT else None

    def refusals(
        self,
        query: str,
        name: str | None,
        variables: dict[str, Any] | None,
        context: Context | Visitor,
    ) -> Sequence[Exception]:
        """Why an operation would not be executed: what it is answered then."""
        try:
            found = Execution(self._schema, query, name, variables, context).refusals()
        except Exceeded as error:
            return [error]
        if found:
            return found
        definitions = operation_of(query, name).variable_definitions or ()
        given = get_variable_values(self._schema, definitions, variables or {})
        return given if isinstance(given, list) else []

    def told_alike(
        self, live: Live, query: str, name: str | None, variables: Mapping[str, Any] | None
    ) -> Hashable | None:
        """What subscriptions have in common that are told the same; None if nobody shares it."""
        return sharing.key(self._schema, live, query, name, variables)


def core() -> GraphQLSchema:
    """The API as graphql-core knows it."""
    return build()._schema  # noqa: SLF001 - Strawberry hides it


@cache
def build() -> Schema:
    """The whole API, put together once."""
    for choices in ENUMS:
        docs.enum(choices)
    return Schema(
        query=_root("Query", "What can be read.", "queries"),
        mutation=_root("Mutation", "What can be done.", "mutations"),
        subscription=_root("Subscription", "What can be followed live.", "subscriptions"),
        extensions=[Streaming],
        execution_context_class=BreadthFirstExecutor,
        config=StrawberryConfig(scalar_map={Cursor: CURSOR, datetime: DATE_TIME}, info_class=Info),
        types=[ErrorCode],
    )


def _root(name: str, description: str, part: str) -> type:
    """A root type, joined from what each subject has for it."""
    fields = [field for subject in SUBJECTS for field in getattr(subject, part, ())]
    return create_type(name, fields, description=description)


DOORS = frozenset(
    to_camel_case(field.python_name)
    for subject in SUBJECTS
    for field in getattr(subject, "mutations", ())
    if field.metadata["kind"] == "door"
)
"""The mutations that need no token."""
