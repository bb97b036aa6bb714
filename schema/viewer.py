"""Who asks, as clients see it."""

from typing import Annotated

import core.viewer
import models
from core.viewer import Scope
from engine.fields import each, many, one
from resolvers import nodes, viewer
from schema.base import Node, query, shape, shape_of
from schema.people import Person
from schema.sessions import Session


@shape
class Organization(Node):
    """An agency: everything else belongs to one."""

    name: str
    """What it is called."""


@shape_of(core.viewer.Viewer)
class Viewer:
    """Who asks."""

    person: Annotated[Person, one(models.Person, by="id")]
    """The person behind the token."""
    organization: Annotated[Organization, one(models.Organization, by="organization_id")]
    """The agency that the person belongs to."""
    scopes: Annotated[list[Scope], each(viewer.scopes)]
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
