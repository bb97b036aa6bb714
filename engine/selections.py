"""What is selected at a place of a query: worked out once per place, not once per value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetailsList
from strawberry.schema.schema_converter import GraphQLCoreConverter

_BEHIND = GraphQLCoreConverter.DEFINITION_BACKREF


@dataclass(slots=True)
class Selected:
    """A field of an object type that a query selects at a place."""

    name: str
    parent_type: GraphQLObjectType
    definition: GraphQLField
    details: FieldDetailsList
    metadata: Mapping[str, Any] = field(init=False)
    column: str | None = field(init=False)

    def __post_init__(self) -> None:
        behind = self.definition.extensions.get(_BEHIND)
        self.metadata = getattr(behind, "metadata", None) or {}
        plain = behind is not None and behind.base_resolver is None
        self.column = behind.python_name if behind and plain else self.metadata.get("column")

    @property
    def kind(self) -> str:
        """Its kind: one of engine/fields.py, or `other` for a resolver of one row."""
        if self.nodes[0].name.value == "__typename":
            return "typename"
        return "column" if self.column else self.metadata.get("kind", "other")

    @property
    def nodes(self) -> list[FieldNode]:
        """Where the query names it."""
        return [each.node for each in self.details]
