"""Who asks, as clients see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, ClassVar

import strawberry
from strawberry.types.field import StrawberryField
from typing_extensions import Doc

import core.viewer
import models
from core.context import Info
from core.viewer import Scope
from engine.fields import batch, each, many, one
from resolvers import nodes, reading, viewer
from resolvers.nodes import Id
from schema import api_keys, chat, checklists, order_services, orders, people, scopes, sessions
from schema.base import Node, query, shape, shape_of
from schema.people import Person
from schema.sessions import Session


@shape
class Organization(Node):
    """An agency: everything else belongs to one."""

    name: str
    """What it is called."""


_ACTIONS: dict[str, StrawberryField] = {
    field.python_name.upper(): field
    for subject in (people, api_keys, sessions, orders, order_services, checklists, chat)
    for field in subject.mutations
    if field.metadata["kind"] == "mutation"
}

_values = {
    name: strawberry.enum_value(name, description=field.description)
    for name, field in _ACTIONS.items()
}
Action: Any = Enum("Action", _values)  # type: ignore[misc] # its members are those of Mutation
strawberry.enum(Action, description="What can be done: each is a mutation.")


@dataclass(frozen=True)
class AnyAction:
    """One of the mutations."""

    description: str = "What to do."
    graphql: ClassVar[Any] = Action

    def parse(self, value: Enum, _field: str) -> StrawberryField:
        """The field of Mutation."""
        return _ACTIONS[value.name]


async def can(
    viewers: Sequence[core.viewer.Viewer],
    info: Info,
    action: Annotated[StrawberryField, AnyAction()],
    id: Annotated[Id, Doc("To what: the thing whose id the mutation takes.")] | None = None,
) -> list[bool]:
    """Whether the viewer may do something, by the very rule that it asks when it is done.

    False also if there is no such thing, or if the token has not the scope of the mutation.
    """
    return [
        set(scopes.of_field(action)) <= each.scopes
        and await viewer.may_do(info, action.metadata["function"], id)
        for each in viewers
    ]


@shape_of(core.viewer.Viewer)
class Viewer:
    """Who asks."""

    person: Annotated[Person, one(models.Person, by="id")]
    """The person behind the token."""
    organization: Annotated[Organization, one(models.Organization, by="organization_id")]
    """The agency that the person belongs to."""
    scopes: Annotated[list[Scope], each(viewer.scopes)]
    can: Annotated[bool, batch(can, personal=True)]
    unread_mentions: Annotated[
        int,
        scopes.requiring(Scope.CHAT_READ, batch(reading.unread_mentions, personal=True)),
    ]
    session: Annotated[Session | None, one(models.Session, by="session_id")]
    """Where this token is signed in; null if it was not given to one who signed in."""
    sessions: Annotated[
        list[Session], many(models.Session, by="person_id", order_by=("refreshed_at",))
    ]
    """Where the viewer is signed in, here and on other devices."""


queries = [
    query(viewer.viewer, Viewer),
    query(nodes.node, Node | None),
    query(nodes.nodes, list[Node | None]),
]
