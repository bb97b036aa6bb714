"""How the services of an order are done: assigned, moved, ticked off, escalated."""

from collections.abc import Sequence
from uuid import UUID

from models import (
    AssignmentRole,
    Checklist,
    ChecklistItem,
    Kind,
    OrderService,
    OrderStatus,
    Package,
    Person,
    Service,
    ServiceStatus,
)
from server.demo import acts
from server.demo.booking import Booking
from server.demo.catalogue import MOST, Catalogue
from server.demo.offers import CATEGORIES, OFFERS
from server.demo.talk import ESCALATIONS, EXTRA_STEPS, SERVICE_NOTES

_O, _S = OrderStatus, ServiceStatus
_CATEGORY = {offer.name: offer.category for offer in OFFERS}

# How many of a hundred services stand where, by the status of their order.
_REACHED: dict[OrderStatus, dict[ServiceStatus, float]] = {
    _O.PENDING: {_S.PRE_PRODUCTION: 1},
    _O.IN_PROGRESS: {
        _S.PRE_PRODUCTION: 28,
        _S.PRODUCTION: 30,
        _S.POST_PRODUCTION: 26,
        _S.COMPLETE: 16,
    },
    _O.POSTPONED: {_S.PRE_PRODUCTION: 75, _S.PRODUCTION: 25},
    _O.COMPLETED: {_S.COMPLETE: 97, _S.ARCHIVED: 3},
    _O.CANCELLED: {_S.ARCHIVED: 90, _S.PRE_PRODUCTION: 10},
}
# When a service enters a stage: between these parts of the time of its order.
_ENTERS: dict[ServiceStatus, tuple[float, float]] = {
    _S.PRODUCTION: (0.28, 0.42),
    _S.POST_PRODUCTION: (0.46, 0.6),
    _S.COMPLETE: (0.66, 0.88),
}
_SKIPPED = 0.3  # of the stages on the way
_TICKED = {
    _S.PRE_PRODUCTION: 0.1,
    _S.PRODUCTION: 0.5,
    _S.POST_PRODUCTION: 0.8,
    _S.COMPLETE: 1.0,
    _S.ARCHIVED: 0.1,
}


def category_of(service: OrderService) -> str:
    """The category of the service of the catalogue that it is of."""
    return _CATEGORY[service.name]


def put_on(
    booking: Booking, catalogue: Catalogue, package: Package | None, services: Sequence[Service]
) -> list[OrderService]:
    """The services of a new order, with their notes; and the checklists of the order itself."""
    parts = next((parts for each, parts in catalogue.packages if each is package), ())
    _checklists(booking, catalogue, None, booking.booked)
    return [
        _put_on(booking, catalogue, service, booking.booked, package if service in parts else None)
        for service in services
    ]


def produce(booking: Booking, catalogue: Catalogue, rows: list[OrderService]) -> None:
    """Do the services as far as the order is done, and perhaps one that is booked later."""
    draft = booking.draft
    is_open = booking.outcome in (_O.IN_PROGRESS, _O.COMPLETED) and len(rows) < MOST
    if is_open and draft.chance(0.08):
        there = [each for each in catalogue.services if each.id in {row.service_id for row in rows}]
        hours = booking.between(0.06, 0.09)
        for service in catalogue.pick(draft, 1, there):
            row = _put_on(booking, catalogue, service, hours, None)
            draft.then(
                hours, booking.success, acts.add_service, booking.order, row, booking.on_order
            )
            rows.append(row)
    reached = _REACHED[booking.outcome]
    for row in rows:
        status = draft.dice.choices(list(reached), list(reached.values()))[0]
        _produce(booking, row, status)
    if booking.is_managed:
        progress = {_O.COMPLETED: 1.0, _O.IN_PROGRESS: 0.7}.get(booking.outcome, 0.3)
        _tick(booking, None, progress, 0.5)


def _put_on(
    booking: Booking,
    catalogue: Catalogue,
    service: Service,
    hours: float,
    package: Package | None,
) -> OrderService:
    row = booking.draft.new(
        OrderService,
        hours,
        order_id=booking.order.id,
        service_id=service.id,
        package_id=package.id if package else None,
        name=service.name,
        status=ServiceStatus.PRE_PRODUCTION,
        notes=service.notes,
        escalation_reason="",
    )
    _checklists(booking, catalogue, row, hours)
    return row


def _checklists(
    booking: Booking, catalogue: Catalogue, row: OrderService | None, hours: float
) -> None:
    """Copy the templates of a service, or those of orders."""
    of_it = {"order_id": booking.order.id, "order_service_id": row.id if row else None}
    for template in catalogue.templates[row.service_id if row else None]:
        position = template.position
        checklist = booking.draft.new(
            Checklist, hours, title=template.title, position=position, **of_it
        )
        items = [
            _item(booking, checklist.id, row, hours, text, i)
            for i, text in enumerate(template.items)
        ]
        booking.checklists.setdefault(row.id if row else None, []).append(items)


def _item(
    booking: Booking,
    checklist_id: UUID,
    row: OrderService | None,
    hours: float,
    text: str,
    position: int,
) -> ChecklistItem:
    return booking.draft.new(
        ChecklistItem,
        hours,
        order_id=booking.order.id,
        order_service_id=row.id if row else None,
        checklist_id=checklist_id,
        text=text,
        position=position,
    )


def _produce(booking: Booking, row: OrderService, status: ServiceStatus) -> None:
    """Bring a service to a status."""
    draft, manager = booking.draft, booking.manager
    has_begun = status in _ENTERS
    if booking.outcome is not _O.PENDING and draft.chance(0.7 if has_begun else 0.3):
        hours = booking.between(0.1, 0.22)
        person = _assignee(booking, row)
        booking.appoint(hours, person, AssignmentRole.ASSIGNEE, row)
        draft.then(hours, manager, acts.assign, row, person)
    last = 0.25
    for stage, (first, latest) in _ENTERS.items() if has_begun else ():
        if stage is not status and draft.chance(_SKIPPED):
            continue
        last = draft.dice.uniform(first, latest)
        given = (row, stage, booking.on_order, Kind.SERVICE_MOVED)
        draft.then(booking.at(last), manager, acts.move, *given)
        if stage is status:
            break
    if status is _S.ARCHIVED:
        given = (row, status, booking.on_order, Kind.SERVICE_REMOVED)
        draft.then(booking.between(0.51, 0.55), manager, acts.move, *given)
    if row.id in booking.checklists and draft.chance(0.06):
        _add_item(booking, row)
    _tick(booking, row, _TICKED[status], last)
    _worry(booking, row, status)
    if draft.chance(0.05):
        notes = f"{row.notes}\n{draft.dice.choice(SERVICE_NOTES)}".strip()
        draft.then(booking.between(0.1, 0.25), manager, acts.write_service_notes, row, notes)


def _assignee(booking: Booking, row: OrderService) -> Person:
    """Who does it: one photographer for all that is done on site, and editors."""
    role, on_site = CATEGORIES[category_of(row)]
    return booking.shooter if on_site else booking.draft.dice.choice(booking.people.of(role))


def _add_item(booking: Booking, row: OrderService) -> None:
    """Add a step that no template has."""
    items = booking.checklists[row.id][-1]
    hours = booking.between(0.1, 0.2)
    text = booking.draft.dice.choice(EXTRA_STEPS)
    item = _item(booking, items[0].checklist_id, row, hours, text, len(items))
    items.append(item)
    booking.draft.then(hours, booking.manager, acts.add_item, item)


def _tick(booking: Booking, row: OrderService | None, share: float, until: float) -> None:
    """Tick a share of the items of a service, or of the order, in their order."""
    draft, person = booking.draft, booking.manager
    if row:
        person = booking.assigned.get(row.id, person)
    checklists = booking.checklists.get(row.id if row else None, [])
    items = [item for checklist in checklists for item in checklist]
    ticked = items[: round(booking.care * share * len(items))]
    for i, item in enumerate(ticked):
        part = 0.23 + (until - 0.23) * (i + 1) / len(ticked)
        draft.then(booking.at(part), person, acts.tick, item)
        if draft.chance(0.02):
            draft.then(booking.at(until + 0.02), booking.manager, acts.untick, item)


def _worry(booking: Booking, row: OrderService, status: ServiceStatus) -> None:
    """Escalate some services that are late, and some that were."""
    draft, outcome = booking.draft, booking.outcome
    reason = draft.dice.choice(ESCALATIONS)
    if outcome in (_O.IN_PROGRESS, _O.POSTPONED) and status in (
        _S.PRE_PRODUCTION,
        _S.PRODUCTION,
        _S.POST_PRODUCTION,
    ):
        if draft.chance(0.14):
            draft.then(booking.between(0.7, 0.9), booking.success, acts.escalate, row, reason)
    elif outcome is _O.COMPLETED and draft.chance(0.04):
        draft.then(booking.between(0.4, 0.5), booking.success, acts.escalate, row, reason)
        draft.then(booking.between(0.55, 0.65), booking.manager, acts.resolve, row)
