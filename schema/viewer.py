"""Who asks, as clients see it."""

from typing import Annotated

import core.viewer
import models
from core.viewer import Scope
from engine.fields import each, one
from resolvers import nodes, viewer
from schema.base import Node, query, shape, shape_of
from schema.people import Person


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


queries = [
    query(viewer.viewer, Viewer),
    query(nodes.node, Node | None),
    query(nodes.nodes, list[Node | None]),
]
