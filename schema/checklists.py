"""Checklists, as clients see them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from core.viewer import Scope
from engine.fields import batch, many, one
from resolvers import checklists, progress
from schema.base import Node, mutation, shape, shape_of
from schema.people import Person
from schema.scopes import readable, requires

if TYPE_CHECKING:
    from schema.order_services import OrderService
    from schema.orders import Order


@shape_of(progress.Progress)
class Progress:
    """How far checklists are: all their items together. 0 of 0 for customers."""

    done: int
    """How many items are ticked."""
    total: int
    """How many items there are."""


@shape
@readable(Scope.ORDERS_READ)
class ChecklistItem(Node):
    """One step of a checklist."""

    version: int
    """Grows by one with each edit, but not when it only makes room for another item."""
    text: str
    """What is to be done."""
    position: int
    """Its place in the checklist, from 0."""
    done_at: datetime | None
    """When it was ticked; null if it isn't."""
    done_by: Annotated[Person | None, one(models.Person, by="done_by_id")]
    """Who ticked it."""


@shape
@readable(Scope.ORDERS_READ)
class Checklist(Node):
    """Steps to be ticked off, on an order or on one service of it."""

    version: int
    """Grows by one with each edit of its title or place; its items have versions of their own."""
    title: str
    """What it is called."""
    position: int
    """Its place among the checklists of the same order or service, from 0."""
    items: Annotated[
        list[ChecklistItem],
        many(models.ChecklistItem, by="checklist_id", order_by=("position", "id")),
    ]
    """Its steps, by position: at most 200."""
    progress: Annotated[Progress, batch(progress.of_checklists)]
    order: Annotated["Order", strawberry.lazy("schema.orders"), one(models.Order, by="order_id")]
    """The order that it is about."""
    order_service: Annotated[
        Annotated["OrderService", strawberry.lazy("schema.order_services")] | None,
        one(models.OrderService, by="order_service_id"),
    ]
    """The service that it is about; null if it is about the order as a whole."""


mutations = requires(
    Scope.ORDERS_WRITE,
    mutation(checklists.create_checklist, Checklist),
    mutation(checklists.rename_checklist, Checklist),
    mutation(checklists.move_checklist, Checklist),
    mutation(checklists.delete_checklist, Checklist),
    mutation(checklists.add_checklist_item, ChecklistItem),
    mutation(checklists.rename_checklist_item, ChecklistItem),
    mutation(checklists.move_checklist_item, ChecklistItem),
    mutation(checklists.delete_checklist_item, ChecklistItem),
    mutation(checklists.tick_checklist_item, ChecklistItem),
    mutation(checklists.untick_checklist_item, ChecklistItem),
)
