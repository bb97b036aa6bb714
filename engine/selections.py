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
        behind: Any = self.definition.extensions.get(_BEHIND)
        extended = behind is None or behind.extensions  # then only its own resolver will do
        self.metadata = {} if extended else behind.metadata
        plain = not extended and behind.is_basic_field and behind.default_resolver is getattr
        self.column = behind.python_name if plain else self.metadata.get("column")

    @property
    def kind(self) -> str:
        """Its kind: one of engine/fields.py, or `other` for a resolver of one row."""
        if self.nodes[0].name.value == "__typename":
            return "typename"
        return "column" if self.column else self.metadata.get("kind", "other")

    @property
    def title(self) -> str:
        """What errors call it."""
        return f"{self.parent_type.name}.{self.nodes[0].name.value}"

    @property
    def nodes(self) -> list[FieldNode]:
        """Where the query names it."""
        return [each.node for each in self.details]
