"""Assignments: who works on an order and on its services."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import Select, and_
from sqlalchemy.orm import InstrumentedAttribute
from typing_extensions import Doc

import models
from core import ids, may
from core.arguments import OrderId, OrderServiceId, PersonId
from core.context import Info
from core.errors import Invalid
from core.statements import Sees
from core.work import Work
from engine.fields import within
from models import (
    Assignment,
    AssignmentRole,
    JobRole,
    Kind,
    Order,
    OrderService,
    Permission,
    Person,
    new_id,
)

_TEAM = 50


async def project_managers(
    orders: Sequence[models.Order], info: Info
) -> list[models.Person | None]:
    """Who manages it; null for customers."""
    found = await _people(info, AssignmentRole.PROJECT_MANAGER, Assignment.order_id, orders)
    return [people[0] if people else None for people in found]


async def teams(orders: Sequence[models.Order], info: Info) -> list[list[models.Person]]:
    """Who else works on the order as a whole, by name; nobody for customers."""
    return await _people(info, AssignmentRole.TEAM_MEMBER, Assignment.order_id, orders)


async def assignees(
    services: Sequence[models.OrderService], info: Info
) -> list[models.Person | None]:
    """Who does it; null for customers."""
    found = await _people(info, AssignmentRole.ASSIGNEE, Assignment.order_service_id, services)
    return [people[0] if people else None for people in found]


async def set_project_manager(
    work: Work,
    id: OrderId,
    person_id: Annotated[PersonId, Doc("Who manages it from now on; nobody, if not given.")]
    | None = None,
) -> models.Order:
    """Say who manages an order: someone with the job role PROJECT_MANAGER. Staff and admins."""
    order = await work.get(Order, id, may.change_order)
    person = await _colleague(work, person_id) if person_id else None
    if person and JobRole.PROJECT_MANAGER not in person.job_roles:
        raise Invalid("personId", f"{person.name} is not a project manager.")
    await _appoint(
        work, order, AssignmentRole.PROJECT_MANAGER, person, Kind.PROJECT_MANAGER_CHANGED
    )
    return order


async def add_team_member(
    work: Work, id: OrderId, person_id: Annotated[PersonId, Doc("Who joins it.")]
) -> models.Order:
    """Put someone of the agency on the team of an order, 50 at most. Staff and admins."""
    order = await work.get(Order, id, may.change_order)
    person = await _colleague(work, person_id)
    members = await _held(work, order, AssignmentRole.TEAM_MEMBER)
    if any(member.person_id == person.id for member in members):
        return order
    if len(members) >= _TEAM:
        raise Invalid("personId", f"A team may have {_TEAM} members at most.")
    await work.add(_assignment(order, AssignmentRole.TEAM_MEMBER, person))
    changes = {"team": [None, _id(person)]}
    work.changed(order, Kind.TEAM_MEMBER_ADDED, changes, person=person.name)
    return order


async def remove_team_member(
    work: Work, id: OrderId, person_id: Annotated[PersonId, Doc("Who leaves it.")]
) -> models.Order:
    """Take someone off the team of an order. Staff and admins."""
    order = await work.get(Order, id, may.change_order)
    person = await work.find(Person, person_id, "personId")
    for member in await _held(work, order, AssignmentRole.TEAM_MEMBER):
        if member.person_id == person.id:
            await work.delete(member)
            changes = {"team": [_id(person), None]}
            work.changed(order, Kind.TEAM_MEMBER_REMOVED, changes, person=person.name)
    return order


async def assign_order_service(
    work: Work,
    id: OrderServiceId,
    person_id: Annotated[PersonId, Doc("Who does it from now on.")],
) -> models.OrderService:
    """Say who of the agency does a service, instead of who did it. Staff and admins."""
    service = await work.get(OrderService, id, may.change_order)
    person = await _colleague(work, person_id)
    await _appoint(work, service, AssignmentRole.ASSIGNEE, person, Kind.ASSIGNEE_CHANGED)
    return service


async def unassign_order_service(work: Work, id: OrderServiceId) -> models.OrderService:
    """Take a service from who does it. Staff and admins."""
    service = await work.get(OrderService, id, may.change_order)
    await _appoint(work, service, AssignmentRole.ASSIGNEE, None, Kind.ASSIGNEE_CHANGED)
    return service


async def _people(
    info: Info,
    role: AssignmentRole,
    column: InstrumentedAttribute[Any],
    rows: Sequence[models.Order | models.OrderService],
) -> list[list[models.Person]]:
    """The people who have a role on each row, whose id is in `column`; by name."""
    found: dict[UUID, list[models.Person]] = defaultdict(list)
    keys = {row.id for row in rows}
    for person, owner in await info.read(_assigned, role, column, keys=keys):
        found[owner].append(person)
    return [found[row.id] for row in rows]


def _assigned(
    sees: Sees, role: AssignmentRole, column: InstrumentedAttribute[Any]
) -> Select[tuple[Person, UUID]]:
    """People with a role on what has one of the `keys` in `column`, and that key."""
    of_person = and_(
        Assignment.organization_id == Person.organization_id, Assignment.person_id == Person.id
    )
    return (
        sees.select(Person, column)
        .join_from(Person, Assignment, of_person)
        .where(sees.visible(Assignment), Assignment.role == role, within(column, "keys"))
        .order_by(Person.name, Person.id)
    )


async def _colleague(work: Work, id: UUID) -> Person:
    """Someone of the agency, who can be assigned."""
    person = await work.find(Person, id, "personId")
    if person.permission is Permission.CUSTOMER:
        raise Invalid("personId", "Only people of the agency can be assigned.")
    return person


async def _held(
    work: Work, owner: Order | OrderService, role: AssignmentRole
) -> Sequence[Assignment]:
    """The assignments in a role on an order, or on a service."""
    column = Assignment.order_id if isinstance(owner, Order) else Assignment.order_service_id
    statement = work.select(Assignment).where(Assignment.role == role, column == owner.id)
    return await work.rows(statement)


async def _appoint(
    work: Work,
    owner: Order | OrderService,
    role: AssignmentRole,
    person: Person | None,
    kind: Kind,
) -> None:
    """Give a role that one person can have to `person`, or to nobody; and record it."""
    before = None
    for held in await _held(work, owner, role):
        before = await work.find(Person, held.person_id, "personId")
        if person and person.id == before.id:
            return
        await work.delete(held)
    if person:
        await work.add(_assignment(owner, role, person))
    if told := person or before:
        changes = {role.name.lower(): [_id(before), _id(person)]}
        work.changed(owner, kind, changes, person=told.name)


def _assignment(owner: Order | OrderService, role: AssignmentRole, person: Person) -> Assignment:
    return Assignment(
        organization_id=owner.organization_id,
        id=new_id(),
        order_id=owner.id if isinstance(owner, Order) else owner.order_id,
        order_service_id=owner.id if isinstance(owner, OrderService) else None,
        person_id=person.id,
        role=role,
    )


def _id(person: Person | None) -> str | None:
    return ids.encode(Person, person.id) if person else None
