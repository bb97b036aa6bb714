"""What is selected at a place of a query: worked out once per place, not once per value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    get_nullable_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList
from strawberry.schema.schema_converter import GraphQLCoreConverter

_BEHIND = GraphQLCoreConverter.DEFINITION_BACKREF


@dataclass(slots=True, eq=False)
class Selected:
    """A field of an object type that a query selects at a place.

    It is kept from one request to the next, and holds nothing of either.
    """

    name: str
    parent_type: GraphQLObjectType
    definition: GraphQLField
    details: FieldDetailsList
    parts: dict[str, list["Selected"]] = field(default_factory=dict)
    """What is selected of it, for each object type that it has had."""
    behind: Any = field(init=False)
    metadata: Mapping[str, Any] = field(init=False)
    column: str | None = field(init=False)
    get: Callable[[Any], Any] | None = field(init=False)
    """Reads its value from a row, if no more is needed."""
    is_leaf: bool = field(init=False)

    def __post_init__(self) -> None:
        self.behind = self.definition.extensions.get(_BEHIND)
        # With extensions, only its own resolver will do.
        extended = self.behind is None or self.behind.extensions
        self.metadata = {} if extended else self.behind.metadata
        plain = (
            not extended and self.behind.is_basic_field and self.behind.default_resolver is getattr
        )
        self.column = self.behind.python_name if plain else self.metadata.get("column")
        self.get = attrgetter(self.column) if self.column else None
        if self.metadata.get("kind") == "each":
            self.get = self.metadata["function"]
        self.is_leaf = is_leaf_type(get_nullable_type(self.definition.type))

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
