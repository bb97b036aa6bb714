"""The breadth-first executor: completes a column of values at a time, over lists of rows."""

from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
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
from engine.info import ResolveInfo
from engine.needs import needs_of
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
        self._roots: dict[str | int, Selected] = {}

    def execute_operation(self, serially: bool | None = None) -> Any:
        """Begin; what reads once does so without a transaction."""
        is_event = self.operation.operation is OperationType.SUBSCRIPTION
        if not is_event and PLANS.of(self).reads_once:
            self.context_value.reads_once = True
        return super().execute_operation(serially)

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        """Execute a root field, or one of introspection."""
        if path.prev is None:
            name = field_details_list[0].node.name.value
            definition = parent_type.fields.get(name)
            if definition and _is_ours(definition.type):
                root = PLANS.root(self, parent_type, str(path.key), field_details_list)
                self._roots[path.key] = root
        return super().execute_field(
            parent_type, source, field_details_list, path, position_context
        )

    def build_resolve_info(
        self,
        field_def: GraphQLField,
        field_nodes: list[FieldNode],
        parent_type: GraphQLObjectType,
        path: Path,
    ) -> GraphQLResolveInfo[Any]:
        """What a resolver is told; that of a root field, what is needed of its rows too."""
        info = super().build_resolve_info(field_def, field_nodes, parent_type, path)
        if path.prev is not None or path.key not in self._roots:
            return info
        told = ResolveInfo(*info)
        told.needs = needs_of(self, self._roots[path.key])
        return told

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
        if not _is_ours(return_type):
            return super().complete_value(
                return_type, field_details_list, info, path, result, position_context
            )
        if isinstance(result, Exception):
            raise result
        if trace := self.context_value.trace:
            trace.found(path.as_list())
        return self._complete(return_type, self._roots[path.key], path, result)

    async def _complete(
        self, return_type: GraphQLOutputType, field: Selected, path: Path, result: Any
    ) -> Any:
        (value,) = await Columns(self).complete(return_type, field, [result], Root(path))
        if isinstance(value, Raised):
            raise value.located(path)
        return value


def _is_ours(type_: GraphQLOutputType) -> bool:
    """Whether values of a type are completed here: objects, but not those of introspection."""
    named = get_named_type(type_)
    return not (is_leaf_type(named) or named.name.startswith("__"))
