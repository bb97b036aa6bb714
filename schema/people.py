"""People, as clients see them."""

from datetime import datetime

from core.viewer import Scope
from models import JobRole, Permission
from resolvers import people
from schema.base import Connection, Node, mutation, query, shape
from schema.scopes import readable, requires


@shape
@readable(Scope.PEOPLE_READ)
class Person(Node):
    """Someone who signs in: a customer, a contractor, or one of the agency's staff."""

    version: int
    """Grows by one with each edit."""
    name: str
    """The full name. In a chat, `@` and this name mention the person."""
    email: str
    """The address for mail."""
    phone: str | None
    """The telephone number."""
    permission: Permission
    """What the person may do at all."""
    job_roles: list[JobRole]
    """What the person does at the agency."""
    suspended_at: datetime | None
    """Since when the person may not sign in; null if they may."""


queries = requires(Scope.PEOPLE_READ, query(people.people, Connection[Person]))

_INVITATION = "What the person accepts the invitation with."

mutations = requires(
    Scope.PEOPLE_WRITE,
    mutation(people.invite_person, Person, tells=_INVITATION),
    mutation(people.renew_invitation, Person, tells=_INVITATION),
    mutation(people.suspend_person, Person),
    mutation(people.reinstate_person, Person),
)
