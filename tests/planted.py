"""Types with one field each that does not fit what is behind it, and what must be found."""
# ruff: noqa: D101 - the name of each type says what is wrong with it

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from strawberry.tools import create_type
from strawberry.types.field import StrawberryField

import models
from core import may
from core.context import Info
from engine.fields import batch, column, each, itself, many, one
from models import JobRole, PaymentStatus
from resolvers import activity, assignments, chat, log, orders, progress
from schema.base import Connection, Node, mutation, query, shape_of, subscription
from schema.checklists import Progress
from schema.log import Activity, Change, FeedEntry
from schema.order_services import OrderService
from schema.orders import Order
from schema.people import Person
from schema.services import Service
from subscriptions import orders as live

C = TypeVar("C")
PLANTED: list[tuple[Any, str]] = []


def planted(row: type[Any], problem: str) -> Callable[[type[C]], type[C]]:
    """A type over rows of a class, in which this problem must be found."""

    def plant(cls: type[C]) -> type[C]:
        PLANTED.append((shape_of(row)(cls), problem))
        return cls

    return plant


def plant(problem: str, field: StrawberryField) -> None:
    """A root type with one field, in which this problem must be found."""
    PLANTED.append((create_type(f"Root{len(PLANTED)}", [field]), problem))


@planted(models.Order, "needs a column nmae")
class Misspelt:
    nmae: str


@planted(models.Order, "needs a column property_steet")
class MisspeltElsewhere:
    street: Annotated[str, column("property_steet")]


@planted(models.Order, "must be nullable")
class NullableColumn:
    due_at: datetime


@planted(models.Order, "must not be nullable")
class RequiredColumn:
    name: str | None


@planted(models.Order, "must be nullable")
class HiddenColumn:
    notes: Annotated[str, column("notes", when=may.see_work)]


@planted(models.Order, "is of another type")
class OtherScalar:
    number: str


@planted(models.Order, "is of another type")
class OtherEnum:
    status: PaymentStatus


@planted(models.ReadMarker, "is of another type")
class TooWide:
    seq: int


@planted(models.Person, "is of another type")
class NoList:
    job_roles: JobRole


@planted(models.Person, "must be no list")
class List:
    name: list[str]


@planted(models.Person, "must not be nullable")
class ListOfNulls:
    job_roles: list[JobRole | None]


@planted(activity.Change, "must be nullable")
class NullableAttribute:
    before: str


@planted(models.PackageService, "no prefix")
class NoPrefix(Node):
    position: int


@planted(models.Order, "needs a column with the id")
class OneByNothing:
    customer: Annotated[Person, one(models.Person, by="custmer_id")]


@planted(models.Order, "needs a column with the id")
class OneByText:
    customer: Annotated[Person, one(models.Person, by="name")]


@planted(models.Order, "SEEN must say why")
class OneUnreasoned:
    customer: Annotated[Person, one(models.Person, by="customer_id")]


@planted(models.OrderService, "must be nullable")
class OneLost:
    service: Annotated[Service, one(models.Service, by="service_id")]


@planted(models.OrderService, "is of another type")
class OneOther:
    service: Annotated[Order | None, one(models.Service, by="service_id")]


@planted(models.Order, "needs a column ordr_id")
class ManyByNothing:
    services: Annotated[
        list[OrderService], many(models.OrderService, by="ordr_id", order_by=("id",))
    ]


@planted(models.Order, "is of another type")
class ManyOther:
    services: Annotated[list[Service], many(models.OrderService, by="order_id", order_by=("id",))]


@planted(models.Order, "must be no list")
class WrongFunction:
    progress: Annotated[list[Progress], batch(progress.of_orders)]


@planted(models.Order, "is of another type")
class OtherFunction:
    progress: Annotated[Change, batch(progress.of_orders)]


@planted(models.OrderService, "is computed for")
class FunctionOfOthers:
    progress: Annotated[Progress, batch(progress.of_orders)]


@planted(models.Order, "must be nullable")
class FunctionOfNulls:
    project_manager: Annotated[Person, batch(assignments.project_managers)]


@planted(models.Order, "must not be nullable")
class FunctionOfRows:
    progress: Annotated[Progress | None, batch(progress.of_orders)]


@planted(models.Order, "is of another type")
class OtherPage:
    feed: Annotated[Connection[Activity], batch(log.feeds)]


@planted(models.Order, "is of another type")
class NoPage:
    feed: Annotated[FeedEntry, batch(log.feeds)]


@planted(models.Message, "must be nullable")
class EachOfNulls:
    text: Annotated[str, each(chat.text)]


@planted(models.Order, "is computed for")
class EachOfOthers:
    text: Annotated[str | None, each(chat.text)]


@planted(models.Order, "is of another type")
class NotItself:
    property: Annotated[Person, itself()]


async def nothing(info: Info) -> models.Order | None:
    """No order."""
    raise NotImplementedError


async def no_stream(info: Info) -> Any:
    """No stream."""
    raise NotImplementedError


plant("is of another type", query(orders.orders, Connection[Person]))
plant("is of another type", query(orders.order, Person | None))
plant("must be nullable", query(nothing, Order))
plant("is of another type", mutation(orders.set_order_status, OrderService))
plant("is of another type", subscription(live.order_feed, Change))
plant("is streamed by a function", subscription(no_stream, Change))
