"""People: who they are, how they come in, and how they are kept out."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from typing_extensions import Doc

import models
from core import may, secrets, sessions
from core.arguments import (
    AfterEdge,
    BeforeEdge,
    Email,
    First,
    Last,
    Line,
    Name,
    NewId,
    PersonId,
    Search,
)
from core.context import Info
from core.may import Standing
from core.pages import Key, Page, Slice, page
from core.records import select_records
from core.work import Work
from models import Credential, JobRole, Kind, Permission, Person, new_id

_INVITED_FOR = timedelta(days=7)


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


async def invite_person(
    work: Work,
    name: Name,
    email: Email,
    permission: Annotated[Permission, Doc("What the person may do at all.")],
    job_roles: Annotated[list[JobRole], Doc("What the person does at the agency.")] | None = None,
    phone: Annotated[Line, Doc("The telephone number.")] | None = None,
    id: Annotated[UUID, NewId(Person)] | None = None,
) -> models.Person:
    """Add a person, who can sign in with the `secret` for 7 days. Admins.

    Put it into a link to your own page, which asks for a password and calls `acceptInvitation`.
    """
    work.require(Standing(work.viewer), may.manage_people)
    person = Person(
        organization_id=work.viewer.organization_id,
        id=id or new_id(),
        name=name,
        email=email,
        phone=phone or None,
        permission=permission,
        job_roles=list(job_roles or ()),
    )
    await work.add(person)
    await _invite(work, person)
    return person


async def renew_invitation(work: Work, id: PersonId) -> models.Person:
    """Invite a person anew, who lost the invitation or forgot the password. Admins.

    The invitation before is good no more. The password is, until another is chosen.
    """
    person = await work.get(Person, id, may.manage_people)
    person.version += 1
    await _invite(work, person)
    return person


async def suspend_person(work: Work, id: PersonId) -> models.Person:
    """Keep a person out: what they are signed in with is good no more. Admins."""
    person = await work.get(Person, id, may.suspend)
    if person.suspended_at is None:
        work.change(person, Kind.PERSON_SUSPENDED, suspended_at=datetime.now(UTC))
        await sessions.end_all(work.transaction, person)
    return person


async def reinstate_person(work: Work, id: PersonId) -> models.Person:
    """Let a person who was suspended sign in again. Admins."""
    person = await work.get(Person, id, may.manage_people)
    work.change(person, Kind.PERSON_REINSTATED, suspended_at=None)
    return person


async def _invite(work: Work, person: Person) -> None:
    secret = secrets.make("csi")
    statement = select_records(Credential).where(
        Credential.organization_id == person.organization_id, Credential.person_id == person.id
    )
    credential = next(iter(await work.rows(statement)), None)
    if credential is None:
        credential = Credential(
            organization_id=person.organization_id, id=new_id(), person_id=person.id
        )
        await work.add(credential)
    before, until = credential.invitation_expires_at, datetime.now(UTC) + _INVITED_FOR
    credential.invitation_hash = secrets.digest(secret)
    credential.invitation_expires_at = until
    work.secret = secret
    changes = {"invited_until": [before and before.isoformat(), until.isoformat()]}
    work.record(Kind.PERSON_INVITED, person, changes=changes)
