"""Which subscriptions are told alike, so that they are executed once for all who follow them."""

from collections import Counter
from collections.abc import Hashable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from graphql import (
    SKIP,
    ArgumentNode,
    FieldNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    VisitorAction,
    visit,
)

from engine.documents import alone, kept
from engine.selections import behind
from subscriptions.live import Live


def key(
    schema: GraphQLSchema,
    live: Live,
    query: str,
    name: str | None,
    variables: Mapping[str, Any] | None,
) -> Hashable | None:
    """What subscriptions have in common that are told the same; None for one that nobody shares.

    All staff may see the same, and so may all admins, but for what is told to one person alone and
    what is marked as `personal`. What others see depends on who they are: nobody shares it.
    """
    found = _found(query, schema, name)
    viewer = live.context.viewer
    if not viewer.is_staff or found.is_personal or live.is_personal:
        return None
    given = {name: value for name, value in (variables or {}).items() if name != found.place}
    raw = orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
    return viewer.permission, query, name, blake2b(raw).digest()


class Found(NamedTuple):
    """What matters of a document."""

    is_personal: bool
    """It asks for something that is another for each viewer."""
    place: str | None
    """The variable that says after which place to begin, and nothing else."""


@kept
def _found(query: str, schema: GraphQLSchema, name: str | None) -> Found:
    types, personal, uses = TypeInfo(schema), [], Counter[str]()
    places: list[str] = []

    class Finder(Visitor):
        def enter_variable_definition(self, _: VariableDefinitionNode, *__: Any) -> VisitorAction:
            return SKIP

        def enter_field(self, _: FieldNode, *__: Any) -> None:
            field = behind(types.get_field_def())
            if field and field.metadata.get("personal"):
                personal.append(field)

        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            uses[node.name.value] += 1

        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            at_root = types.get_parent_type() is schema.subscription_type
            if at_root and node.name.value == "after" and isinstance(node.value, VariableNode):
                places.append(node.value.name.value)

    visit(alone(query, name), TypeInfoVisitor(types, Finder()))
    place = next((each for each in places if uses[each] == 1), None)
    return Found(bool(personal), place)
