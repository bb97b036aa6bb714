"""Ids on the wire: TypeIDs."""

from uuid import UUID

import strawberry
import uuid_utils
from typeid import TypeID


def encode(prefix: str, key: UUID) -> strawberry.ID:
    """A key as clients see it."""
    return strawberry.ID(str(TypeID.from_uuid(uuid_utils.UUID(int=key.int), prefix=prefix)))


def decode(id: str) -> UUID:
    """The key behind an id."""
    return UUID(int=TypeID.from_string(id).uuid.int)
