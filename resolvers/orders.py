"""Orders: how they are read and found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import Select, bindparam, case, func
from typing_extensions import Doc

import models
from core import may
from core.arguments import AfterEdge, BeforeEdge, First, Last, Notes, OrderId
from core.context import Info
from core.errors import Invalid, NotFound
from core.order_filter import OrderFilter, condition
from core.pages import Key, Page, Slice, page
from core.statements import Sees
from core.work import Work
from engine.fields import within
from models import Kind, Order, OrderStatus, PaymentStatus, ServiceStatus

_SORT_LIMIT = 5
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class OrderSortKey(Enum):
    """What orders can be sorted by."""

    CREATED_AT = "CREATED_AT"
    """When it was booked."""
    UPDATED_AT = "UPDATED_AT"
    """When it was last edited. Not for customers."""
    DUE_AT = "DUE_AT"
    """When it is due; orders without a due time come last."""
    NUMBER = "NUMBER"
    """Its number in the agency."""
    NAME = "NAME"
    """Its name, by code point."""
    STATUS = "STATUS"
    """Its status, in the order of the work."""
    PAYMENT_STATUS = "PAYMENT_STATUS"
    """Its payment status, in the order of the work."""


class Direction(Enum):
    """Which way a list is sorted."""

    ASC = "ASC"
    """The smallest, or the oldest, first."""
    DESC = "DESC"
    """The largest, or the newest, first."""


@dataclass(frozen=True)
class OrderSort:
    """One key of an order's place in a list."""

    by: OrderSortKey
    """What to sort by."""
    direction: Direction = Direction.ASC
    """Which way; upwards if not given."""


Sort = Annotated[
    list[OrderSort], Doc("What to sort by, the first key first; by default the newest first.")
]


async def order(
    info: Info,
    id: OrderId | None = None,
    number: Annotated[str, Doc("Its number, with or without leading zeros.")] | None = None,
) -> models.Order:
    """An order by its id or its number; `NOT_FOUND` if the viewer sees no such order."""
    if (id is None) == (number is None):
        raise Invalid("id", "Give `id` or `number`.")
    if number is None:
        found = await info.read(_with, "id", value=id)
    elif number.isascii() and number.isdigit() and len(number) <= 9:  # noqa: PLR2004 - int4
        found = await info.read(_with, "number", value=int(number))
    else:
        raise Invalid("number", "A number has 1 to 9 digits.")
    if not found:
        raise NotFound("id" if number is None else "number", "There is no such order.")
    row: models.Order = found[0]
    return row


def _with(sees: Sees, name: str) -> Select[Any]:
    """The order with a `value` in a column."""
    column = getattr(Order, name)
    return sees.select(Order).where(column == bindparam("value", type_=column.type))


async def orders(
    info: Info,
    filter: OrderFilter | None = None,
    sort: Sort | None = None,
    first: First | None = None,
    after: AfterEdge | None = None,
    last: Last | None = None,
    before: BeforeEdge | None = None,
) -> Page[models.Order]:
    """The orders that the viewer sees and that fit a filter; 20 if not told how many."""
    part = Slice(first, after, last, before)
    edited = any(each.by is OrderSortKey.UPDATED_AT for each in sort or ())
    if edited and not may.see_work(info.context.viewer):
        raise Invalid("sort", "Only the agency's own people see when an order was edited.")
    if filter is None:
        return await page(info, _all, _keys(sort), part)
    fitting = condition(filter, info.context.viewer)
    return await page(info, info.context.select(Order).where(fitting), _keys(sort), part)


def _all(sees: Sees, reads: Sequence[str] = ()) -> Select[Any]:
    return sees.select(Order, reads=reads)


def number(order: models.Order) -> str:
    """Its number in the agency: six digits or more."""
    return f"{order.number:06}"


async def services(
    orders: Sequence[models.Order],
    info: Info,
    status: Annotated[list[ServiceStatus], Doc("Those in one of these statuses.")] | None = None,
) -> list[list[models.OrderService]]:
    """The services on it, by status in the order of the work, then by position."""
    found: dict[UUID, list[models.OrderService]] = {order.id: [] for order in orders}
    wanted = list(ServiceStatus) if status is None else status
    for row in await info.read(_booked, keys=list(found), status=wanted):
        found[row.order_id].append(row)
    return [found[order.id] for order in orders]


def _booked(sees: Sees) -> Select[Any]:
    """The services in one `status` on orders of the `keys`."""
    service = models.OrderService
    return (
        sees.select(service, reads=["order_id"])
        .where(within(service.order_id, "keys"), within(service.status, "status"))
        .order_by(_rank(service.status, ServiceStatus), service.position, service.id)
    )


async def set_order_status(work: Work, id: OrderId, status: OrderStatus) -> models.Order:
    """Say where an order stands; any status can follow any other. Staff and admins."""
    order = await work.get(Order, id, may.change_order)
    work.change(order, Kind.ORDER_STATUS_CHANGED, status=status)
    return order


async def set_payment_status(
    work: Work, id: OrderId, payment_status: PaymentStatus
) -> models.Order:
    """Say where the payment of an order stands. Staff and admins."""
    order = await work.get(Order, id, may.change_order)
    work.change(order, Kind.PAYMENT_STATUS_CHANGED, payment_status=payment_status)
    return order


async def update_order_notes(work: Work, id: OrderId, notes: Notes) -> models.Order:
    """Write the agency's own notes on an order: all of them are replaced. Staff and admins."""
    order = await work.get(Order, id, may.change_order)
    work.change(order, Kind.ORDER_NOTES_CHANGED, notes=notes)
    return order


def _keys(sort: Sequence[OrderSort] | None) -> list[Key]:
    if sort and len(sort) > _SORT_LIMIT:
        raise Invalid("sort", f"{_SORT_LIMIT} keys are the limit.")
    wanted = sort or [OrderSort(OrderSortKey.CREATED_AT, Direction.DESC)]
    keys = [_key(each.by, descending=each.direction is Direction.DESC) for each in wanted]
    return [*keys, _by_id(descending=keys[-1].descending)]


@cache
def _by_id(*, descending: bool) -> Key:
    return Key("ID", "id", Order.id, lambda row: row.id, UUID, descending)


@cache
def _key(by: OrderSortKey, *, descending: bool) -> Key:
    match by:
        case OrderSortKey.CREATED_AT | OrderSortKey.UPDATED_AT:
            name = by.name.lower()
            column = getattr(Order, name)
            return Key(by.name, name, column, lambda row: getattr(row, name), datetime, descending)
        case OrderSortKey.DUE_AT:
            due = func.coalesce(Order.due_at, _NEVER)
            return Key(
                by.name, "due_at", due, lambda row: row.due_at or _NEVER, datetime, descending
            )
        case OrderSortKey.NUMBER:
            return Key(by.name, "number", Order.number, lambda row: row.number, int, descending)
        case OrderSortKey.NAME:
            return Key(by.name, "name", Order.name, lambda row: row.name, str, descending)
        case OrderSortKey.STATUS:
            return _ranked(by.name, "status", OrderStatus, descending=descending)
        case OrderSortKey.PAYMENT_STATUS:
            return _ranked(by.name, "payment_status", PaymentStatus, descending=descending)


def _ranked(name: str, column: str, choices: type[Enum], *, descending: bool) -> Key:
    places = list(choices)
    rank = _rank(getattr(Order, column), choices)
    return Key(name, column, rank, lambda row: places.index(getattr(row, column)), int, descending)


def _rank(column: Any, choices: type[Enum]) -> Any:
    """The place of a column's value among its choices."""
    return case(*((column == choice, i) for i, choice in enumerate(choices)))
