"""What a token must be good for: stated at types and root fields, and asked of whole documents."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import strawberry
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)
from strawberry.schema_directive import Location
from strawberry.types.field import StrawberryField

from core.errors import Forbidden
from core.viewer import Scope
from engine.documents import alone, kept
from engine.selections import behind

C = TypeVar("C")


@strawberry.schema_directive(
    name="requires",
    description="What a token must be good for: else nothing of the operation is executed.",
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
)
class Requires:
    """What a token must be good for."""

    scope: Scope = strawberry.directive_field(name="scope")


def readable(scope: Scope) -> Callable[[type[C]], type[C]]:
    """A type whose fields need a scope, wherever they are asked for."""

    def mark(cls: type[C]) -> type[C]:
        cls.__scope__ = scope  # type: ignore[attr-defined] # for `of_type`
        return cls

    return mark


def of_type(cls: type[Any]) -> list[Requires]:
    """The directives of a type."""
    scope = vars(cls).get("__scope__")
    return [Requires(scope=scope)] if scope else []


def requires(scope: Scope, *fields: StrawberryField) -> list[StrawberryField]:
    """Root fields that need a scope."""
    return [requiring(scope, field) for field in fields]


def requiring(scope: Scope, field: StrawberryField) -> StrawberryField:
    """A field that needs a scope."""
    field.directives = [*field.directives, Requires(scope=scope)]
    field.description = f"{field.description}\n\nNeeds the scope `{scope.value}`."
    return field


def of_field(field: Any) -> list[Scope]:
    """The scopes that are stated at a field, or at a type."""
    return [each.scope for each in field.directives or () if isinstance(each, Requires)]


def refusals(
    schema: GraphQLSchema, text: str, name: str | None, scopes: Collection[Scope]
) -> list[GraphQLError]:
    """One error for each scope that an operation needs and that is not among these."""
    needs = _needs(text, schema, name)
    missing = [] if needs.keys() <= set(scopes) else needs.keys() - set(scopes)
    return [_refusal(scope, needs[scope]) for scope in sorted(missing, key=list(Scope).index)]


def _refusal(scope: Scope, node: FieldNode) -> GraphQLError:
    needed = f"`{node.name.value}` needs the scope `{scope.value}`, which this token has not."
    return GraphQLError(needed, node, original_error=Forbidden(needed, scope=scope.value))


@kept
def _needs(text: str, schema: GraphQLSchema, name: str | None) -> Mapping[Scope, FieldNode]:
    """The scopes that an operation needs, and the first field that needs each."""
    types, found = TypeInfo(schema), dict[Scope, FieldNode]()

    class Finder(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            for asked in (types.get_parent_type(), types.get_field_def()):
                for scope in _stated(asked):
                    found.setdefault(scope, node)

    visit(alone(text, name), TypeInfoVisitor(types, Finder()))
    return found


def _stated(element: Any) -> list[Scope]:
    """The scopes that are stated at a type or a field."""
    made = behind(element)
    return of_field(made) if made else []
