"""People, as clients see them."""

from models import JobRole, Permission
from resolvers import people
from schema.base import Connection, Node, query, shape


@shape
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


queries = [
    query(people.people, Connection[Person]),
]
