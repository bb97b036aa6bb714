"""Services of orders: how they are read, and how they move."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from typing_extensions import Doc

import models
from core import ids, may
from core.arguments import Line, Name, Notes, OrderId, OrderServiceId, PackageId, Position
from core.context import Info
from core.errors import Invalid
from core.work import Work
from models import Kind, Order, OrderService, Package, ServiceStatus

Place = Annotated[Position, Doc("The place in its new status, from 0; the last if not given.")]
TakenOff = Annotated[PackageId, Doc("Which one to take off.")]


async def escalations(
    services: Sequence[models.OrderService], info: Info
) -> list[models.OrderService | None]:
    """That it needs attention now; null if it doesn't, and for customers."""
    shown = may.see_work(info.context.viewer)
    return [service if shown and service.escalated_at else None for service in services]


async def move_order_service(
    work: Work, id: OrderServiceId, status: ServiceStatus, position: Place | None = None
) -> models.OrderService:
    """Move a service to another status, or within its own. Staff and admins."""
    service = await work.get(OrderService, id, may.change_order)
    await _place(work, service, Kind.SERVICE_MOVED, status, position)
    return service


async def remove_order_service(work: Work, id: OrderServiceId) -> models.OrderService:
    """Take a service off an order: it is archived, and can be moved back. Staff and admins."""
    service = await work.get(OrderService, id, may.change_order)
    await _archive(work, service)
    return service


async def remove_order_package(work: Work, id: OrderId, package_id: TakenOff) -> models.Order:
    """Take a package off an order: all its services are archived. Staff and admins."""
    order = await work.get(Order, id, may.change_order)
    package = await work.find(Package, package_id, "packageId")
    services = await work.rows(
        work.select(OrderService)
        .where(OrderService.order_id == order.id, OrderService.package_id == package.id)
        .where(OrderService.status != ServiceStatus.ARCHIVED)
        .order_by(OrderService.status, OrderService.position, OrderService.id)
    )
    if services:
        changes = {"package": [ids.encode(Package, package.id), None]}
        work.changed(order, Kind.PACKAGE_REMOVED, changes, name=package.name)
    for service in services:
        await _archive(work, service)
    return order


async def rename_order_service(work: Work, id: OrderServiceId, name: Name) -> models.OrderService:
    """Give a service of an order another name. Staff and admins."""
    service = await work.get(OrderService, id, may.change_order)
    work.change(service, Kind.SERVICE_RENAMED, name=name)
    return service


async def update_order_service_notes(
    work: Work, id: OrderServiceId, notes: Notes
) -> models.OrderService:
    """Write the notes of a service: all of them are replaced. Staff and admins."""
    service = await work.get(OrderService, id, may.change_order)
    work.change(service, Kind.SERVICE_NOTES_CHANGED, notes=notes)
    return service


async def escalate_order_service(
    work: Work,
    id: OrderServiceId,
    reason: Annotated[Line, Doc("Why, up to 200 characters.")] = "",
) -> models.OrderService:
    """Say that a service needs attention now, or why it still does. Staff and admins."""
    service = await work.get(OrderService, id, may.change_order)
    if service.status is ServiceStatus.ARCHIVED:
        raise Invalid("id", "An archived service needs no attention.")
    if service.escalated_at is None or service.escalation_reason != reason:
        work.change(
            service,
            Kind.SERVICE_ESCALATED,
            escalated_at=service.escalated_at or datetime.now(UTC),
            escalated_by_id=service.escalated_by_id or work.viewer.id,
            escalation_reason=reason,
        )
    return service


async def resolve_escalation(work: Work, id: OrderServiceId) -> models.OrderService:
    """Say that a service needs no special attention any more. Staff and admins."""
    service = await work.get(OrderService, id, may.change_order)
    work.change(
        service,
        Kind.ESCALATION_RESOLVED,
        escalated_at=None,
        escalated_by_id=None,
        escalation_reason="",
    )
    return service


async def _archive(work: Work, service: OrderService) -> None:
    if service.status is not ServiceStatus.ARCHIVED:
        await _place(work, service, Kind.SERVICE_REMOVED, ServiceStatus.ARCHIVED, None)


async def _place(
    work: Work, service: OrderService, kind: Kind, status: ServiceStatus, position: int | None
) -> None:
    """Put a service at a place in a status; the others there, and where it was, close up."""
    others = await work.rows(
        work.select(OrderService)
        .where(OrderService.order_id == service.order_id, OrderService.id != service.id)
        .where(OrderService.status.in_({status, service.status}))
        .order_by(OrderService.position, OrderService.id)
    )
    left = [other for other in others if other.status is not status]
    joined: list[OrderService] = [other for other in others if other.status is status]
    place = len(joined) if position is None else min(position, len(joined))
    if not work.change(service, kind, status=status, position=place):
        return
    joined.insert(place, service)
    for column in (left, joined):
        for i, other in enumerate(column):
            other.position = i
    # Later reads of this transaction must see the places as they are now.
    await work.transaction.flush()
