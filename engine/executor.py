"""The breadth-first executor: completes a column of values at a time, over lists of rows."""

from typing import Any

from graphql import (
    GraphQLOutputType,
    GraphQLResolveInfo,
    OperationType,
    get_named_type,
    is_leaf_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path

from engine.columns import Columns
from engine.failures import Raised
from engine.places import Root
from engine.plans import PLANS
from engine.selections import Selected


class BreadthFirstExecutor(Executor[Any]):
    """graphql-core's executor for an operation and its root fields; below them, ours.

    Parsing, validation, the order of root fields, subscriptions and the form of answers are
    graphql-core's. Data and errors are the same as graphql-core's own; where several errors
    null the same place, ours names the first field of the query.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        options.pop("operation_extensions", None)  # Strawberry's, and graphql-core knows it not
        super().__init__(*args, **options)

    def execute_operation(self, serially: bool | None = None) -> Any:
        """Begin; a query that reads once does so without a transaction."""
        if self.operation.operation is OperationType.QUERY and PLANS.of(self).reads_once:
            self.context_value.reads_once = True
        return super().execute_operation(serially)

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """What the answer has for the value of a root field."""
        named = get_named_type(return_type)
        if is_leaf_type(named) or named.name.startswith("__"):
            return super().complete_value(
                return_type, field_details_list, info, path, result, position_context
            )
        if isinstance(result, Exception):
            raise result
        field = PLANS.root(self, info, field_details_list)
        return self._complete(return_type, field, path, result)

    async def _complete(
        self, return_type: GraphQLOutputType, field: Selected, path: Path, result: Any
    ) -> Any:
        (value,) = await Columns(self).complete(return_type, field, [result], Root(path))
        if isinstance(value, Raised):
            raise value.located(path)
        return value
