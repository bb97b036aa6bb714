"""Booking: new orders, and what is put on them and taken off again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from sqlalchemy import update
from typing_extensions import Doc

import models
from core import ids, may
from core.arguments import (
    Line,
    Moment,
    Name,
    NewId,
    Notes,
    OrderId,
    PackageId,
    PersonId,
    ServiceId,
)
from core.errors import Forbidden, Invalid, NotFound
from core.may import Standing
from core.records import select_records
from core.work import Work
from engine.fields import among
from models import (
    Checklist,
    ChecklistItem,
    ChecklistTemplate,
    Kind,
    Order,
    OrderService,
    Organization,
    Package,
    PackageService,
    Permission,
    Person,
    Service,
    ServiceStatus,
    new_id,
)

_AT_ONCE = 50
_ON_AN_ORDER = 200
M = TypeVar("M", Service, Package)

Services = Annotated[list[ServiceId], Doc("Services of the catalogue, at most 50.")]
Packages = Annotated[list[PackageId], Doc("Packages of the catalogue, at most 50.")]


@dataclass(frozen=True)
class PropertyInput:
    """The property that is to be photographed."""

    street: Name
    """Street and house number."""
    city: Name
    """Town or city."""
    country: Name
    """The country, by its name or code."""
    unit: Line = ""
    """Apartment or floor."""
    region: Line = ""
    """State or province."""
    postal_code: Line = ""
    """The postal or ZIP code."""
    entry_notes: Notes = ""
    """How to get in."""


async def create_order(
    work: Work,
    property: PropertyInput,
    customer_id: Annotated[PersonId, Doc("Who books; the viewer, if not given.")] | None = None,
    service_ids: Services | None = None,
    package_ids: Packages | None = None,
    name: Annotated[Name, Doc("Its name; made from what is booked, if not given.")] | None = None,
    due_at: Annotated[datetime, Moment("When it is due.")] | None = None,
    notes: Annotated[Notes, Doc("The agency's own notes. Staff and admins.")] | None = None,
    id: Annotated[UUID, NewId(Order)] | None = None,
) -> models.Order:
    """Book an order. Staff and admins for any customer; customers for themselves."""
    booked_it = customer_id in (None, work.viewer.id) and work.viewer.is_customer
    work.require(Standing(work.viewer, booked_it=booked_it), may.book)
    if notes is not None and not work.viewer.is_staff:
        raise Forbidden("Only staff and admins may write notes.", field="notes")
    customer = await _customer(work, customer_id or work.viewer.id)
    booked = await _chosen(work, service_ids or (), package_ids or ())
    order = Order(
        organization_id=work.viewer.organization_id,
        id=id or new_id(),
        number=await _next_number(work),
        name=name or _name(booked, property),
        customer_id=customer.id,
        due_at=due_at,
        notes=notes or "",
        **_columns(property),
    )
    await work.add(order)
    work.record(
        Kind.ORDER_CREATED, order, number=order.number, customer=ids.encode(Person, customer.id)
    )
    await _copy_checklists(work, order, {None: [None]})
    await _put_on(work, order, booked)
    return order


async def add_order_services(
    work: Work,
    id: OrderId,
    service_ids: Services | None = None,
    package_ids: Packages | None = None,
) -> models.Order:
    """Put services and packages on an order, with their checklists and notes. Staff and admins."""
    order = await work.get(Order, id, may.change_order)
    booked = await _chosen(work, service_ids or (), package_ids or ())
    if not booked.lines:
        raise Invalid("serviceIds", "Give at least one service or package.")
    order.version += 1
    await _put_on(work, order, booked)
    return order


async def update_order_property(work: Work, id: OrderId, property: PropertyInput) -> models.Order:
    """Correct the property of an order: all of it is replaced. Staff and admins."""
    order = await work.get(Order, id, may.change_order)
    work.change(order, Kind.PROPERTY_CHANGED, **_columns(property))
    return order


async def update_order_customer(work: Work, id: OrderId, customer_id: PersonId) -> models.Order:
    """Give an order to another customer. Staff and admins."""
    order = await work.get(Order, id, may.change_order)
    customer = await _customer(work, customer_id)
    work.change(order, Kind.CUSTOMER_CHANGED, customer_id=customer.id)
    return order


@dataclass(frozen=True)
class _Booked:
    """What was chosen: services, each with the package it comes with, if any."""

    lines: Sequence[tuple[Service, Package | None]]
    packages: Sequence[Package]


async def _customer(work: Work, id: UUID) -> Person:
    customer = await work.find(Person, id, "customerId")
    if customer.permission is not Permission.CUSTOMER:
        raise Invalid("customerId", f"{customer.name} is not a customer.")
    return customer


async def _chosen(work: Work, service_ids: Sequence[UUID], package_ids: Sequence[UUID]) -> _Booked:
    services = await _by_ids(work, Service, service_ids, "serviceIds")
    packages = await _by_ids(work, Package, package_ids, "packageIds")
    parts = await work.rows(
        work.select(PackageService)
        .where(among(PackageService.package_id, package_ids))
        .order_by(PackageService.position, PackageService.id)
    )
    inside = {
        service.id: service
        for service in await work.rows(
            work.select(Service).where(among(Service.id, {part.service_id for part in parts}))
        )
    }
    lines: list[tuple[Service, Package | None]] = [
        (inside[part.service_id], package)
        for package in packages
        for part in parts
        if part.package_id == package.id
    ]
    return _Booked([*lines, *((service, None) for service in services)], packages)


async def _by_ids(work: Work, model: type[M], wanted: Sequence[UUID], field: str) -> list[M]:
    if len(wanted) > _AT_ONCE:
        raise Invalid(field, f"{_AT_ONCE} at once are the limit.")
    if not wanted:
        return []
    rows = await work.rows(work.select(model).where(among(model.id, set(wanted))))
    found = {row.id: row for row in rows}
    for i, key in enumerate(wanted):
        if key not in found:
            raise NotFound(f"{field}.{i}", f"There is no such {model.__name__.lower()}.")
    return [found[key] for key in wanted]


async def _put_on(work: Work, order: Order, booked: _Booked) -> None:
    """Put lines on an order, behind those that are there, and record them."""
    present = await work.rows(work.select(OrderService).where(OrderService.order_id == order.id))
    if len(present) + len(booked.lines) > _ON_AN_ORDER:
        raise Invalid("serviceIds", f"An order may have {_ON_AN_ORDER} services.")
    start = sum(row.status is ServiceStatus.PRE_PRODUCTION for row in present)
    rows = [
        OrderService(
            organization_id=order.organization_id,
            id=new_id(),
            order_id=order.id,
            service_id=service.id,
            package_id=package.id if package else None,
            name=service.name,
            position=start + i,
            notes=service.notes,
        )
        for i, (service, package) in enumerate(booked.lines)
    ]
    await work.add(*rows)
    for package in booked.packages:
        changes = {"package": [None, ids.encode(Package, package.id)]}
        work.record(Kind.PACKAGE_ADDED, order, changes=changes, name=package.name)
    for row in rows:
        changes = {"status": [None, row.status.name]}
        work.record(Kind.SERVICE_ADDED, row, changes=changes, order_version=order.version)
    owners: dict[UUID | None, list[OrderService | None]] = {}
    for row in rows:
        owners.setdefault(row.service_id, []).append(row)
    await _copy_checklists(work, order, owners)


async def _copy_checklists(
    work: Work, order: Order, owners: dict[UUID | None, list[OrderService | None]]
) -> None:
    """Copy the templates of services to their lines, and those of no service to the order."""
    template = ChecklistTemplate
    of_these = (
        template.service_id.is_(None)
        if None in owners
        else among(template.service_id, set(owners) - {None})
    )
    # Not `work.select`: customers, who may not see templates, book with them all the same.
    templates = await work.rows(
        select_records(template)
        .where(template.organization_id == order.organization_id, of_these)
        .order_by(template.position, template.id)
    )
    copies = [
        (_checklist(order, each, owner), each)
        for each in templates
        for owner in owners[each.service_id]
    ]
    await work.add(*(checklist for checklist, _ in copies))
    await work.add(*(item for copy in copies for item in _items(*copy)))


def _checklist(order: Order, template: ChecklistTemplate, owner: OrderService | None) -> Checklist:
    return Checklist(
        organization_id=order.organization_id,
        id=new_id(),
        order_id=order.id,
        order_service_id=owner.id if owner else None,
        title=template.title,
        position=template.position,
    )


def _items(checklist: Checklist, template: ChecklistTemplate) -> Iterator[ChecklistItem]:
    for position, text in enumerate(template.items):
        yield ChecklistItem(
            organization_id=checklist.organization_id,
            id=new_id(),
            order_id=checklist.order_id,
            order_service_id=checklist.order_service_id,
            checklist_id=checklist.id,
            text=text,
            position=position,
        )


async def _next_number(work: Work) -> int:
    numbers: Sequence[int] = await work.rows(
        update(Organization)
        .where(Organization.id == work.viewer.organization_id)
        .values(last_order_number=Organization.last_order_number + 1)
        .returning(Organization.last_order_number)
    )
    return numbers[0]


def _columns(property: PropertyInput) -> dict[str, str]:
    return {f"property_{name}": value for name, value in vars(property).items()}


def _name(booked: _Booked, property: PropertyInput) -> str:
    title = ", ".join(package.name for package in booked.packages) or (
        "A la carte" if booked.lines else "Blank order"
    )
    return f"{title} - {property.street}"[:200]
