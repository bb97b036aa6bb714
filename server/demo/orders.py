"""The orders of the demo agency: booked, managed, paid, and brought to an end."""

from datetime import timedelta

from models import (
    AssignmentRole,
    JobRole,
    Order,
    OrderStatus,
    Package,
    PaymentStatus,
    Permission,
    Person,
)
from server.demo import acts, chat, production
from server.demo.booking import Booking
from server.demo.catalogue import Catalogue
from server.demo.draft import HOURS_A_DAY, Draft
from server.demo.people import People
from server.demo.places import CITIES, ENTRY_NOTES, ORDER_NOTES

ORDERS = 500
_FIRST_NUMBER = 1001
_DAYS = 120
_GROWTH = 1.4  # 1 is none: as many orders on the first day as on the last

_S, _P = OrderStatus, PaymentStatus

# How many of a hundred orders of that age, at least so many hours of work, stand where.
_OUTCOMES: tuple[tuple[float, dict[OrderStatus, float]], ...] = (
    (250, {_S.PENDING: 1, _S.IN_PROGRESS: 4, _S.POSTPONED: 6, _S.COMPLETED: 80, _S.CANCELLED: 9}),
    (50, {_S.PENDING: 6, _S.IN_PROGRESS: 38, _S.POSTPONED: 7, _S.COMPLETED: 43, _S.CANCELLED: 6}),
    (0, {_S.PENDING: 42, _S.IN_PROGRESS: 48, _S.POSTPONED: 4, _S.COMPLETED: 3, _S.CANCELLED: 3}),
)
_PAYMENTS: dict[OrderStatus, dict[PaymentStatus, float]] = {
    _S.PENDING: {_P.UNPAID: 50, _P.QUOTE_SENT: 30, _P.INVOICE_SENT: 15, _P.PAID: 5},
    _S.IN_PROGRESS: {
        _P.UNPAID: 22,
        _P.INVOICE_SENT: 40,
        _P.PROMISED_PAYMENT: 10,
        _P.PARTIALLY_PAID: 10,
        _P.PAID: 18,
    },
    _S.POSTPONED: {_P.UNPAID: 25, _P.INVOICE_SENT: 20, _P.POSTPONED: 55},
    _S.COMPLETED: {
        _P.PAID: 80,
        _P.INVOICE_SENT: 9,
        _P.PARTIALLY_PAID: 4,
        _P.PROMISED_PAYMENT: 3,
        _P.PARTIALLY_REFUNDED: 3,
        _P.REFUNDED: 1,
    },
    _S.CANCELLED: {_P.CANCELLED: 60, _P.REFUNDED: 20, _P.UNPAID: 20},
}
# What went before, if it was not unpaid.
_BEFORE: dict[PaymentStatus, PaymentStatus] = {
    _P.PROMISED_PAYMENT: _P.INVOICE_SENT,
    _P.PARTIALLY_PAID: _P.INVOICE_SENT,
    _P.PAID: _P.INVOICE_SENT,
    _P.POSTPONED: _P.INVOICE_SENT,
    _P.REFUNDED: _P.PAID,
    _P.PARTIALLY_REFUNDED: _P.PAID,
}


def book(draft: Draft, people: People, catalogue: Catalogue) -> None:
    """All orders, the oldest first, with everything that happened to them."""
    oldest = _DAYS * HOURS_A_DAY
    ages = sorted((oldest * draft.dice.random() ** _GROWTH for _ in range(ORDERS)), reverse=True)
    for number, age in enumerate(ages, start=_FIRST_NUMBER):
        outcomes = next(outcomes for at_least, outcomes in _OUTCOMES if age >= at_least)
        outcome = draft.dice.choices(list(outcomes), list(outcomes.values()))[0]
        booking = Booking(draft, people, age, outcome)
        package, services = catalogue.choose(draft)
        customers = people.customers
        customer = draft.dice.choices(customers, range(len(customers), 0, -1))[0]
        booking.order = _order(booking, number, customer, package)
        rows = production.put_on(booking, catalogue, package, services)
        actor = customer if draft.chance(0.35) else _seller(booking)
        given = (booking.order, package, tuple(rows), booking.on_order)
        draft.then(age, actor, acts.create_order, *given)
        _manage(booking)
        production.produce(booking, catalogue, rows)
        _finish(booking)
        _pay(booking)
        chat.talk(booking, rows)
    draft.organization.last_order_number = _FIRST_NUMBER + ORDERS - 1


def _order(booking: Booking, number: int, customer: Person, package: Package | None) -> Order:
    draft, dice = booking.draft, booking.draft.dice
    city = dice.choices(CITIES, [city.share for city in CITIES])[0]
    street = f"{dice.randint(1, 60) * 100 + dice.randint(1, 98)} {dice.choice(city.streets)}"
    title = package.name if package else "A la carte"
    due_at = draft.moment(booking.booked) + timedelta(days=dice.randint(2, 7))
    return draft.new(
        Order,
        booking.booked,
        number=number,
        name=f"{title} - {street}",
        status=OrderStatus.PENDING,
        payment_status=PaymentStatus.UNPAID,
        customer_id=customer.id,
        due_at=due_at if draft.chance(0.85) else None,
        notes=dice.choice(ORDER_NOTES) if draft.chance(0.35) else "",
        property_street=street,
        property_unit=f"Unit {dice.randint(1, 48)}" if draft.chance(0.18) else "",
        property_city=city.name,
        property_region=city.region,
        property_postal_code=dice.choice(city.postal_codes),
        property_country=city.country,
        property_entry_notes=dice.choice(ENTRY_NOTES) if draft.chance(0.45) else "",
    )


def _seller(booking: Booking) -> Person:
    """Who books for a customer."""
    sellers = booking.people.of(JobRole.ACCOUNT_EXECUTIVE, Permission.STAFF)
    return booking.draft.dice.choice([*sellers, booking.success])


def _manage(booking: Booking) -> None:
    """Find someone who manages the order, and a team; write down what becomes known."""
    draft, order, people = booking.draft, booking.order, booking.people
    if booking.is_managed:
        hours = booking.between(0.02, 0.05)
        booking.appoint(hours, booking.manager, AssignmentRole.PROJECT_MANAGER, None)
        draft.then(hours, booking.coordinator, acts.set_project_manager, order, booking.manager)
        roles = (JobRole.PHOTO_EDITOR, JobRole.VIDEO_EDITOR, JobRole.OPERATIONS_SPECIALIST)
        for role in draft.dice.sample(roles, draft.dice.choice((0, 0, 1, 1, 2))):
            hours = booking.between(0.06, 0.1)
            member = draft.dice.choice(people.of(role, Permission.STAFF))
            booking.appoint(hours, member, AssignmentRole.TEAM_MEMBER, None)
            draft.then(hours, booking.manager, acts.add_team_member, order, member)
    if draft.chance(0.1):
        notes = f"{order.notes}\n{draft.dice.choice(ORDER_NOTES)}".strip()
        draft.then(booking.between(0.1, 0.3), booking.success, acts.write_notes, order, notes)
    if draft.chance(0.08):
        told = draft.dice.choice(ENTRY_NOTES)
        hours = booking.between(0.05, 0.25)
        draft.then(hours, booking.success, acts.tell_how_to_get_in, order, told)


def _finish(booking: Booking) -> None:
    """Bring the order to the status it has now."""
    draft, order, manager = booking.draft, booking.order, booking.manager
    is_through = booking.outcome in (OrderStatus.IN_PROGRESS, OrderStatus.COMPLETED)
    if is_through or (booking.outcome is not OrderStatus.PENDING and draft.chance(0.5)):
        hours = booking.between(0.1, 0.2)
        draft.then(hours, manager, acts.set_status, order, OrderStatus.IN_PROGRESS)
    if booking.outcome is OrderStatus.COMPLETED:
        draft.then(booking.at(0.92), manager, acts.set_status, order, booking.outcome)
    elif booking.outcome in (OrderStatus.POSTPONED, OrderStatus.CANCELLED):
        draft.then(booking.at(0.5), manager, acts.set_status, order, booking.outcome)


def _pay(booking: Booking) -> None:
    """Bring the payment to where it stands now."""
    draft = booking.draft
    likely = _PAYMENTS[booking.outcome]
    path = draft.dice.choices(list(likely), list(likely.values()))
    while before := _BEFORE.get(path[0]):
        path.insert(0, before)
    clerks = booking.people.of(JobRole.ACCOUNT_EXECUTIVE)
    for i, status in enumerate(path):
        hours = booking.between(0.1 + 0.85 * i / len(path), 0.1 + 0.85 * (i + 1) / len(path))
        draft.then(hours, draft.dice.choice(clerks), acts.set_payment_status, booking.order, status)
