"""What is selected at a place of a query: worked out once per place, not once per value."""

from collections.abc import Callable, Mapping, Sequence
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
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from strawberry.schema.schema_converter import GraphQLCoreConverter

EVERYTHING = "*"
"""In the place of a column's name: all columns of the table."""


def behind(element: Any) -> Any | None:
    """What Strawberry made a type or a field of graphql-core's from; None if it made it not."""
    return element.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF) if element else None


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
    needs: frozenset[tuple[type[Any], str]] | None = None
    """The columns that are read of its rows, once that is known: see `engine.needs`."""
    code: dict[Any, Any] = field(default_factory=dict)
    """What builds its objects, by their type and the class of their rows: see `engine.objects`."""
    behind: Any = field(init=False)
    metadata: Mapping[str, Any] = field(init=False)
    column: str | None = field(init=False)
    get: Callable[[Any], Any] | None = field(init=False)
    """Reads its value from a row, if no more is needed."""
    is_leaf: bool = field(init=False)
    kind: str = field(init=False)
    """One of the kinds of engine/fields.py; `other` for a resolver of one row."""

    def __post_init__(self) -> None:
        self.behind = behind(self.definition)
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

        if self.nodes[0].name.value == "__typename":
            self.kind = "typename"
        else:
            self.kind = "column" if self.column else self.metadata.get("kind", "other")

    @property
    def reads(self) -> Sequence[str]:
        """The columns that it reads of its row; `EVERYTHING` where nobody has said which."""
        match self.kind:
            case "column" if self.column:
                return [self.column]
            case "one":
                return [self.metadata["by"]]
            case "each" | "batch":
                return list(self.metadata["reads"])
            case "many" | "itself" | "typename":
                return []
            case _:
                return [EVERYTHING]

    @property
    def title(self) -> str:
        """What errors call it."""
        return f"{self.parent_type.name}.{self.nodes[0].name.value}"

    @property
    def nodes(self) -> list[FieldNode]:
        """Where the query names it."""
        return [each.node for each in self.details]


def parts_of(executor: Executor[Any], type_: GraphQLObjectType, field: Selected) -> list[Selected]:
    """The fields that are selected of a type at a place: found once per place."""
    if (parts := field.parts.get(type_.name)) is None:
        grouped = executor.collect_subfields(type_, field.details).grouped_field_set
        parts = field.parts[type_.name] = [
            Selected(name, type_, definition, own)
            for name, own in grouped.items()
            if (definition := executor.schema.get_field(type_, own[0].node.name.value))
        ]
    return parts
