"""Reads of people."""

from uuid import UUID

import models
from core.arguments import AfterEdge, BeforeEdge, First, Last, Search
from core.context import Info
from core.pages import Key, Page, Slice, page
from models import JobRole, Permission, Person


async def people(
    info: Info,
    permission: list[Permission] | None = None,
    job_role: list[JobRole] | None = None,
    search: Search | None = None,
    first: First | None = None,
    after: AfterEdge | None = None,
    last: Last | None = None,
    before: BeforeEdge | None = None,
) -> Page[models.Person]:
    """People of the agency by name; those with one of these permissions and of these job roles."""
    statement = info.context.select(Person)
    if permission is not None:
        statement = statement.where(Person.permission.in_(permission))
    if job_role is not None:
        statement = statement.where(Person.job_roles.overlap(job_role))
    if search:
        statement = statement.where(Person.name.icontains(search, autoescape=True))
    keys = [
        Key("NAME", "name", Person.name, lambda person: person.name, str),
        Key("ID", "id", Person.id, lambda person: person.id, UUID),
    ]
    return await page(info, statement, keys, Slice(first, after, last, before))
