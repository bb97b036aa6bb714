"""The catalogue, as clients see it."""

from typing import Annotated

import models
from core import may
from core.viewer import Scope
from engine.fields import batch, column, many
from models import ServiceKind
from resolvers import services
from schema.base import Connection, Node, query, shape
from schema.scopes import readable, requires


@shape
@readable(Scope.CATALOGUE_READ)
class ChecklistTemplate(Node):
    """A checklist that is copied to each order: with its service, or to the order itself."""

    version: int
    """Grows by one with each edit."""
    title: str
    """The title of the copies."""
    items: list[str]
    """The items of the copies, in order."""


@shape
@readable(Scope.CATALOGUE_READ)
class Service(Node):
    """A service of the catalogue that can be booked."""

    version: int
    """Grows by one with each edit."""
    name: str
    """What it is called."""
    description: str
    """What customers get."""
    category: str
    """The group it is offered in."""
    kind: ServiceKind
    """Whether it stands alone."""
    notes: Annotated[str | None, column("notes", when=may.see_work)]
    """The notes that are copied to each order; null for customers."""
    checklist_templates: Annotated[
        list[ChecklistTemplate],
        many(models.ChecklistTemplate, by="service_id", order_by=("position", "id")),
    ]
    """The checklists that are copied to each order; none for customers."""


@shape
@readable(Scope.CATALOGUE_READ)
class Package(Node):
    """Several services that are booked as one."""

    version: int
    """Grows by one with each edit."""
    name: str
    """What it is called."""
    description: str
    """What customers get."""
    services: Annotated[list[Service], batch(services.services_of_packages)]


queries = requires(
    Scope.CATALOGUE_READ,
    query(services.services, Connection[Service]),
    query(services.packages, Connection[Package]),
)
