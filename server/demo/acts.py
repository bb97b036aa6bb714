"""What people did at the demo agency, recorded as the actions in `resolvers/` record it."""

from collections.abc import Sequence
from typing import Any

from core import ids
from models import (
    Checklist,
    ChecklistItem,
    Kind,
    Mention,
    Message,
    Order,
    OrderService,
    OrderStatus,
    Package,
    PaymentStatus,
    Person,
    ServiceStatus,
)
from server.demo.history import Past


def create_order(
    work: Past,
    order: Order,
    package: Package | None,
    services: Sequence[OrderService],
    on_order: list[OrderService],
) -> None:
    """Book an order with services, and a package that some of them are of."""
    customer = ids.encode(Person, order.customer_id)
    work.record(Kind.ORDER_CREATED, order, number=order.number, customer=customer)
    if package:
        changes = {"package": [None, ids.encode(Package, package.id)]}
        work.record(Kind.PACKAGE_ADDED, order, changes=changes, name=package.name)
    for service in services:
        _put_on(work, order, service, on_order)


def add_service(
    work: Past, order: Order, service: OrderService, on_order: list[OrderService]
) -> None:
    """Put another service on an order."""
    order.version, order.updated_at = order.version + 1, work.at
    _put_on(work, order, service, on_order)


def _put_on(work: Past, order: Order, service: OrderService, on_order: list[OrderService]) -> None:
    """Put a service on an order, behind those that wait there."""
    service.position = sum(other.status is service.status for other in on_order)
    on_order.append(service)
    changes = {"status": [None, service.status.name]}
    work.record(Kind.SERVICE_ADDED, service, changes=changes, order_version=order.version)


def move(
    work: Past,
    service: OrderService,
    status: ServiceStatus,
    on_order: Sequence[OrderService],
    kind: Kind,
) -> None:
    """Put a service at the end of another status; those it leaves close up."""
    left = [row for row in on_order if row.status is service.status and row is not service]
    place = sum(row.status is status for row in on_order)
    work.change(service, kind, status=status, position=place)
    for i, row in enumerate(sorted(left, key=lambda row: row.position)):
        row.position = i


def escalate(work: Past, service: OrderService, reason: str) -> None:
    """Say that a service needs attention."""
    work.change(
        service,
        Kind.SERVICE_ESCALATED,
        escalated_at=work.at,
        escalated_by_id=work.viewer.id,
        escalation_reason=reason,
    )


def resolve(work: Past, service: OrderService) -> None:
    """Say that a service needs no special attention any more."""
    work.change(
        service,
        Kind.ESCALATION_RESOLVED,
        escalated_at=None,
        escalated_by_id=None,
        escalation_reason="",
    )


def write_service_notes(work: Past, service: OrderService, notes: str) -> None:
    """Write the notes of a service."""
    work.change(service, Kind.SERVICE_NOTES_CHANGED, notes=notes)


def write_notes(work: Past, order: Order, notes: str) -> None:
    """Write the notes of an order."""
    work.change(order, Kind.ORDER_NOTES_CHANGED, notes=notes)


def tell_how_to_get_in(work: Past, order: Order, entry_notes: str) -> None:
    """Write the entry notes of the property."""
    work.change(order, Kind.PROPERTY_CHANGED, property_entry_notes=entry_notes)


def set_status(work: Past, order: Order, status: OrderStatus) -> None:
    """Say where an order stands."""
    work.change(order, Kind.ORDER_STATUS_CHANGED, status=status)


def set_payment_status(work: Past, order: Order, status: PaymentStatus) -> None:
    """Say where the payment of an order stands."""
    work.change(order, Kind.PAYMENT_STATUS_CHANGED, payment_status=status)


def set_project_manager(work: Past, order: Order, person: Person) -> None:
    """Say who manages an order that nobody managed."""
    changes = {"project_manager": [None, ids.encode(Person, person.id)]}
    work.changed(order, Kind.PROJECT_MANAGER_CHANGED, changes, person=person.name)


def add_team_member(work: Past, order: Order, person: Person) -> None:
    """Put someone on the team of an order."""
    changes = {"team": [None, ids.encode(Person, person.id)]}
    work.changed(order, Kind.TEAM_MEMBER_ADDED, changes, person=person.name)


def assign(work: Past, service: OrderService, person: Person) -> None:
    """Say who does a service that nobody did."""
    changes = {"assignee": [None, ids.encode(Person, person.id)]}
    work.changed(service, Kind.ASSIGNEE_CHANGED, changes, person=person.name)


def add_item(work: Past, item: ChecklistItem) -> None:
    """Add an item to a checklist."""
    checklist = ids.encode(Checklist, item.checklist_id)
    work.record(Kind.CHECKLIST_ITEM_ADDED, item, checklist=checklist)


def tick(work: Past, item: ChecklistItem) -> None:
    """Say that an item is done."""
    work.change(item, Kind.CHECKLIST_ITEM_TICKED, done_at=work.at, done_by_id=work.viewer.id)


def untick(work: Past, item: ChecklistItem) -> None:
    """Say that an item is not done yet."""
    work.change(item, Kind.CHECKLIST_ITEM_UNTICKED, done_at=None, done_by_id=None)


def post(work: Past, message: Message, mentions: Sequence[Mention]) -> None:
    """Write a message, and tell those whom it mentions."""
    work.record(Kind.MESSAGE_POSTED, message)
    told = {"message": ids.encode(Message, message.id)}
    for mention in mentions:
        work.record(Kind.PERSON_MENTIONED, mention, recipient_id=mention.person_id, **told)


def edit(work: Past, message: Message, text: str) -> None:
    """Write a message anew; the log keeps no text that its author may take back."""
    message.text, message.edited_at = text, work.at
    work.changed(message, Kind.MESSAGE_EDITED, {"text": [None, None]})


def delete(work: Past, message: Message) -> None:
    """Take a message back: its place in the chat stays, its text goes."""
    message.text, message.deleted_at = "", work.at
    gone: dict[str, list[Any]] = {"text": [None, None], "deleted_at": [None, work.at.isoformat()]}
    work.changed(message, Kind.MESSAGE_DELETED, gone)
