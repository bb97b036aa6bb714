"""Services of orders: how they are read, and how they move."""

from collections.abc import Sequence

import models
from core import may
from core.arguments import Name, OrderServiceId, Position
from core.context import Info
from core.work import Work
from models import Kind, OrderService, ServiceStatus


async def escalations(
    services: Sequence[models.OrderService], info: Info
) -> list[models.OrderService | None]:
    """That it needs attention now; null if it doesn't, and for customers."""
    shown = may.see_work(info.context.viewer)
    return [service if shown and service.escalated_at else None for service in services]


async def move_order_service(
    work: Work, id: OrderServiceId, status: ServiceStatus, position: Position | None = None
) -> models.OrderService:
    """Move a service to another status, or within its own. Staff and admins."""
    service = await work.get(OrderService, id, may.change_order)
    others = await work.rows(
        work.select(OrderService)
        .where(OrderService.order_id == service.order_id)
        .where(OrderService.status == status, OrderService.id != id)
        .order_by(OrderService.position, OrderService.id)
    )
    place = len(others) if position is None else min(position, len(others))
    work.change(service, Kind.SERVICE_MOVED, status=status, position=place)
    for i, other in enumerate(others):
        other.position = i if i < place else i + 1
    return service


async def rename_order_service(work: Work, id: OrderServiceId, name: Name) -> models.OrderService:
    """Give a service of an order another name. Staff and admins."""
    service = await work.get(OrderService, id, may.change_order)
    work.change(service, Kind.SERVICE_RENAMED, name=name)
    return service
