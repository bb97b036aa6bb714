"""Who asks."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from uuid import UUID

from sqlalchemy import Uuid, bindparam

from models import Permission
from models import Scope as Scope

READING = frozenset(scope for scope in Scope if scope.value.endswith(":read"))
WRITING = frozenset(Scope) - READING
_SHORT = {"read": READING, "write": WRITING}


def scopes_in(text: str) -> frozenset[Scope]:
    """The scopes that a token names, by their values; `read` and `write` are all of those."""
    found = [_SHORT.get(word) or {Scope(word)} for word in text.split()]
    return frozenset(scope for each in found for scope in each)


def in_words(scopes: frozenset[Scope]) -> str:
    """How a token names scopes."""
    short = [word for word, meant in _SHORT.items() if meant <= scopes]
    rest = scopes.difference(*(_SHORT[word] for word in short))
    return " ".join([*short, *sorted(scope.value for scope in rest)])


@dataclass(frozen=True)
class Rights:
    """What somebody may see, as far as their permission says it."""

    permission: Permission
    is_someone: ClassVar[bool] = True
    """Whether it is known who it is."""

    @property
    def is_admin(self) -> bool:
        """Those who run the agency itself."""
        return self.permission is Permission.ADMIN

    @property
    def is_staff(self) -> bool:
        """Staff and admins: those who run the agency's orders."""
        return self.permission in (Permission.ADMIN, Permission.STAFF)

    @property
    def is_customer(self) -> bool:
        """Outside the agency."""
        return self.permission is Permission.CUSTOMER


@dataclass(frozen=True)
class Viewer(Rights):
    """The person behind a token, and what the token is good for."""

    id: UUID
    organization_id: UUID
    scopes: frozenset[Scope]
    session_id: UUID | None = None
    documents: frozenset[str] | None = None
    """The only documents that it executes, by their SHA-256; None for all."""


@dataclass(frozen=True)
class Anyone(Viewer):
    """Any of those with a permission, to work out what all of them are told alike.

    There is no `id`: what depends on it fails.
    """

    id: UUID = field(init=False, repr=False, compare=False)
    is_someone = False

    @classmethod
    def like(cls, viewer: Viewer) -> Self:
        """Any of those with the permission of a viewer, who may read."""
        return cls(viewer.permission, viewer.organization_id, READING)


@dataclass(frozen=True)
class Sight(Rights):
    """Any viewer with a permission: the ids are parameters of the statement."""

    id: Any = field(default_factory=lambda: bindparam("viewer_id", type_=Uuid()))
    organization_id: Any = field(default_factory=lambda: bindparam("agency_id", type_=Uuid()))


@dataclass(frozen=True)
class SightOfAnyone(Sight):
    """The same, of whom it is not known who it is: a statement can't have the viewer's id."""

    id: Any = field(init=False, repr=False, compare=False)
    is_someone = False
