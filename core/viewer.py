"""Who asks."""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from models import Permission


class Scope(Enum):
    """What a token is good for, whoever holds it."""

    READ = "read"
    """Queries and subscriptions."""
    WRITE = "write"
    """Mutations."""


@dataclass(frozen=True)
class Viewer:
    """The person behind a token, and what the token is good for."""

    id: UUID
    organization_id: UUID
    permission: Permission
    scopes: frozenset[Scope]

    @property
    def is_staff(self) -> bool:
        """Staff and admins: those who run the agency's orders."""
        return self.permission in (Permission.ADMIN, Permission.STAFF)

    @property
    def is_customer(self) -> bool:
        """Outside the agency."""
        return self.permission is Permission.CUSTOMER
