"""Checklists of orders and their services: how they are read, edited and ticked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from sqlalchemy import ARRAY, Select, func, literal, true, update
from sqlalchemy.orm import InstrumentedAttribute
from typing_extensions import Doc

import models
from core import ids, may
from core.arguments import (
    ChecklistId,
    ChecklistItemId,
    Name,
    NewId,
    OrderId,
    OrderServiceId,
    Position,
)
from core.context import Info
from core.errors import Invalid
from core.statements import Sees
from core.work import Work
from engine.fields import among, within
from models import Checklist, ChecklistItem, Kind, Order, OrderService, new_id

_ON_ONE = 100
_ITEMS = 200
_LIST_OF: dict[type[Any], Sequence[str]] = {
    Checklist: ("order_id", "order_service_id"),
    ChecklistItem: ("checklist_id",),
}
Row: TypeAlias = Checklist | ChecklistItem
Owner: TypeAlias = Order | OrderService

Step = Annotated[Name, Doc("What is to be done, on one line, 1 to 200 characters.")]
Steps = Annotated[list[Step], Doc("What is to be done, step by step: at most 200.")]


async def of_orders(orders: Sequence[models.Order], info: Info) -> list[list[models.Checklist]]:
    """The checklists of the order itself, by position; those of its services are with these."""
    return await _checklists(info, Checklist.order_id, orders)


async def of_services(
    services: Sequence[models.OrderService], info: Info
) -> list[list[models.Checklist]]:
    """Its checklists, by position."""
    return await _checklists(info, Checklist.order_service_id, services)


async def create_checklist(
    work: Work,
    title: Name,
    order_id: Annotated[OrderId, Doc("The order, for a checklist of the order itself.")]
    | None = None,
    order_service_id: Annotated[OrderServiceId, Doc("The service, for a checklist of it.")]
    | None = None,
    items: Steps | None = None,
    id: Annotated[UUID, NewId(Checklist)] | None = None,
) -> models.Checklist:
    """Put a checklist on an order, or on one service of it, behind the others. Staff and admins.

    Either `orderId` or `orderServiceId` is wanted. Each of them can have 100 checklists.
    """
    owner = await _owner(work, order_id, order_service_id)
    if len(texts := items or ()) > _ITEMS:
        raise Invalid("items", f"A checklist may have {_ITEMS} items at most.")
    checklist = Checklist(
        organization_id=owner.organization_id,
        id=id or new_id(),
        order_id=owner.id if isinstance(owner, Order) else owner.order_id,
        order_service_id=owner.id if isinstance(owner, OrderService) else None,
        title=title,
    )
    others = await _others(work, checklist)
    if len(others) >= _ON_ONE:
        field = "orderId" if order_id else "orderServiceId"
        raise Invalid(field, f"It may have {_ON_ONE} checklists at most.")
    await _insert(work, checklist, others, None)
    await work.add(*(_item(checklist, text, position=i) for i, text in enumerate(texts)))
    work.record(Kind.CHECKLIST_CREATED, checklist, items=list(texts))
    return checklist


async def rename_checklist(work: Work, id: ChecklistId, title: Name) -> models.Checklist:
    """Give a checklist another title. Staff and admins."""
    checklist = await work.get(Checklist, id, may.change_order)
    work.change(checklist, Kind.CHECKLIST_RENAMED, title=title)
    return checklist


async def move_checklist(work: Work, id: ChecklistId, position: Position) -> models.Checklist:
    """Move a checklist within its order or service; the others make room. Staff and admins."""
    checklist = await work.get(Checklist, id, may.change_order)
    await _move(work, checklist, Kind.CHECKLIST_MOVED, position)
    return checklist


async def delete_checklist(work: Work, id: ChecklistId) -> models.Checklist:
    """Delete a checklist with its items; the log keeps what it was. Staff and admins."""
    checklist = await work.get(Checklist, id, may.change_order)
    items = await work.rows(
        work.select(ChecklistItem)
        .where(ChecklistItem.checklist_id == id)
        .order_by(ChecklistItem.position, ChecklistItem.id)
    )
    await _delete(work, checklist, Kind.CHECKLIST_DELETED, items=[item.text for item in items])
    return checklist


async def add_checklist_item(
    work: Work,
    checklist_id: Annotated[ChecklistId, Doc("The checklist that gets it.")],
    text: Step,
    position: Position | None = None,
    id: Annotated[UUID, NewId(ChecklistItem)] | None = None,
) -> models.ChecklistItem:
    """Add an item to a checklist, at its end if no position is given. Staff and admins.

    A checklist can have 200 items.
    """
    checklist = await work.get(Checklist, checklist_id, may.change_order, "checklistId")
    item = _item(checklist, text, id=id)
    others = await _others(work, item)
    if len(others) >= _ITEMS:
        raise Invalid("checklistId", f"A checklist may have {_ITEMS} items at most.")
    await _insert(work, item, others, position)
    work.record(Kind.CHECKLIST_ITEM_ADDED, item, checklist=ids.encode(Checklist, checklist.id))
    return item


async def rename_checklist_item(
    work: Work, id: ChecklistItemId, text: Step
) -> models.ChecklistItem:
    """Give an item of a checklist another text. Staff and admins."""
    item = await work.get(ChecklistItem, id, may.change_order)
    work.change(item, Kind.CHECKLIST_ITEM_RENAMED, text=text)
    return item


async def move_checklist_item(
    work: Work, id: ChecklistItemId, position: Position
) -> models.ChecklistItem:
    """Move an item within its checklist; the others make room. Staff and admins."""
    item = await work.get(ChecklistItem, id, may.change_order)
    await _move(work, item, Kind.CHECKLIST_ITEM_MOVED, position)
    return item


async def delete_checklist_item(work: Work, id: ChecklistItemId) -> models.ChecklistItem:
    """Delete an item of a checklist; the log keeps what it was. Staff and admins."""
    item = await work.get(ChecklistItem, id, may.change_order)
    checklist = ids.encode(Checklist, item.checklist_id)
    await _delete(work, item, Kind.CHECKLIST_ITEM_DELETED, checklist=checklist)
    return item


async def tick_checklist_item(work: Work, id: ChecklistItemId) -> models.ChecklistItem:
    """Say that an item is done. Staff, admins, and the assignee of its service."""
    item = await work.get(ChecklistItem, id, may.tick)
    if item.done_at is None:
        now, by = datetime.now(UTC), work.viewer.id
        work.change(item, Kind.CHECKLIST_ITEM_TICKED, done_at=now, done_by_id=by)
    return item


async def untick_checklist_item(work: Work, id: ChecklistItemId) -> models.ChecklistItem:
    """Say that an item is not done yet. Staff, admins, and the assignee of its service."""
    item = await work.get(ChecklistItem, id, may.tick)
    work.change(item, Kind.CHECKLIST_ITEM_UNTICKED, done_at=None, done_by_id=None)
    return item


async def _checklists(
    info: Info, column: InstrumentedAttribute[Any], owners: Sequence[Owner]
) -> list[list[models.Checklist]]:
    """The checklists of each owner, whose id is in `column`."""
    found: dict[UUID, list[models.Checklist]] = {owner.id: [] for owner in owners}
    for row in await info.read(_owned, column, keys=list(found)):
        found[getattr(row, column.key)].append(row)
    return [found[owner.id] for owner in owners]


def _owned(sees: Sees, column: InstrumentedAttribute[Any]) -> Select[Any]:
    """Checklists with one of the `keys` in `column`; those of an order without its services'."""
    itself = Checklist.order_service_id.is_(None) if column is Checklist.order_id else true()
    wanted = sees.select(Checklist, reads=[column.key]).where(within(column, "keys"), itself)
    return wanted.order_by(Checklist.position, Checklist.id)


async def _owner(work: Work, order_id: UUID | None, order_service_id: UUID | None) -> Owner:
    """What a new checklist is for."""
    if order_id and not order_service_id:
        return await work.get(Order, order_id, may.change_order, "orderId")
    if order_service_id and not order_id:
        return await work.get(OrderService, order_service_id, may.change_order, "orderServiceId")
    raise Invalid("orderId", "Give either `orderId` or `orderServiceId`.")


def _item(
    checklist: Checklist, text: str, *, position: int = 0, id: UUID | None = None
) -> ChecklistItem:
    return ChecklistItem(
        organization_id=checklist.organization_id,
        id=id or new_id(),
        order_id=checklist.order_id,
        order_service_id=checklist.order_service_id,
        checklist_id=checklist.id,
        text=text,
        position=position,
    )


async def _insert(work: Work, row: Row, others: list[UUID], position: int | None) -> None:
    """Store a new row at a place among the others of its list; at their end if there is none."""
    row.position = len(others) if position is None else min(position, len(others))
    await work.add(row)
    others.insert(row.position, row.id)
    await _number(work, type(row), others)


async def _move(work: Work, row: Row, kind: Kind, position: int) -> None:
    """Put a row at a place in its list, at its end if that is shorter."""
    others = await _others(work, row)
    if work.change(row, kind, position=min(position, len(others))):
        others.insert(row.position, row.id)
        await _number(work, type(row), others)


async def _delete(work: Work, row: Row, kind: Kind, **params: Any) -> None:
    """Delete a row, and record what it was; the others close up."""
    work.record(kind, row, **params)
    others = await _others(work, row)
    await work.delete(row)
    await _number(work, type(row), others)


async def _others(work: Work, row: Row) -> list[UUID]:
    """The ids of the other rows in the list that a row belongs to, in order."""
    table = type(row)
    same = (getattr(table, name) == getattr(row, name) for name in _LIST_OF[table])
    statement = work.select(table).where(*same, table.id != row.id)
    return [other.id for other in await work.rows(statement.order_by(table.position, table.id))]


async def _number(work: Work, table: type[Row], order: list[UUID]) -> None:
    """Number rows from 0 in this order, in one statement, as no edit of theirs."""
    place = func.array_position(literal(order, ARRAY(table.id.type)), table.id) - 1
    await work.rows(
        update(table)
        .where(table.organization_id == work.viewer.organization_id)
        .where(among(table.id, order), table.position != place)
        .values(position=place, updated_at=table.updated_at)
    )
