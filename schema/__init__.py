"""What clients see: types and fields, each naming what is behind it."""

from functools import cache
from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type

import models
from core.cursors import Cursor
from core.errors import ErrorCode
from core.viewer import Scope
from engine import docs
from schema import order_services, people

ENUMS = [
    ErrorCode,
    Scope,
    models.JobRole,
    models.Permission,
    models.ServiceStatus,
]

CURSOR = strawberry.scalar(
    name="Cursor",
    description="A place in a list or in the log. Opaque: keep it, and give it back as it is.",
    serialize=str,
    parse_value=lambda value: value,
)


class Schema(strawberry.Schema):
    """The API."""

    def process_errors(self, errors: Any, execution_context: Any = None) -> None:
        """Nothing here: the transports log what is a bug, and only that."""


@cache
def build() -> Schema:
    """The whole API, put together once."""
    for choices in ENUMS:
        docs.enum(choices)
    return Schema(
        query=create_type("Query", people.queries),
        mutation=create_type("Mutation", [*order_services.mutations]),
        config=StrawberryConfig(scalar_map={Cursor: CURSOR}),
        types=[ErrorCode],
    )
