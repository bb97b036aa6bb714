"""Progress: how far the checklists of orders, services, or each by itself are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

import models
from core.context import Info
from core.statements import Sees
from engine.fields import within
from models import ChecklistItem


@dataclass(slots=True)
class Progress:
    """How many items of checklists are ticked, and how many there are."""

    done: int
    total: int


async def of_orders(orders: Sequence[models.Order], info: Info) -> list[Progress]:
    """How far all checklists are: those of the order, and of its services that are not archived."""
    return await _progress(info, ChecklistItem.order_id, orders)


async def of_services(services: Sequence[models.OrderService], info: Info) -> list[Progress]:
    """How far its checklists are."""
    return await _progress(info, ChecklistItem.order_service_id, services)


async def of_checklists(checklists: Sequence[models.Checklist], info: Info) -> list[Progress]:
    """How far it is."""
    return await _progress(info, ChecklistItem.checklist_id, checklists)


async def _progress(
    info: Info, column: InstrumentedAttribute[Any], rows: Sequence[models.OfOrganization]
) -> list[Progress]:
    """The progress of the items whose `column` holds a row's id, row by row."""
    counts = await info.read(_counted, column, keys={row.id for row in rows})
    found = {owner: Progress(done, total) for owner, done, total in counts}
    nothing = Progress(0, 0)
    return [found.get(row.id, nothing) for row in rows]


def _counted(sees: Sees, column: InstrumentedAttribute[Any]) -> Select[tuple[UUID, int, int]]:
    """Of each of the `keys` in `column`: how many items are done, and how many there are."""
    counted = (
        select(column, func.count(ChecklistItem.done_at), func.count())
        .where(sees.visible(ChecklistItem), within(column, "keys"))
        .group_by(column)
    )
    return counted.where(~_is_archived()) if column is ChecklistItem.order_id else counted


def _is_archived() -> ColumnElement[bool]:
    """An item of one of the orders is of a service that was taken off it."""
    service = models.OrderService
    return (
        select(service.id)
        .where(
            service.organization_id == ChecklistItem.organization_id,
            service.id == ChecklistItem.order_service_id,
            service.status == models.ServiceStatus.ARCHIVED,
            within(service.order_id, "keys"),  # which finds them by few
        )
        .exists()
    )
