"""The log of the demo agency: as actions write it, and telling how all became what it is."""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar
from uuid import UUID

import pytest
from factories import Agency
from sqlalchemy import select
from storage import session_of

from core import ids
from core.work import perform
from models import (
    Base,
    Checklist,
    ChecklistItem,
    Kind,
    LogEntry,
    LogHead,
    Mention,
    Message,
    Order,
    OrderService,
    OrderStatus,
    PaymentStatus,
    Person,
    Service,
    ServiceStatus,
)
from resolvers import assignments, booking, chat, checklists, order_services, orders
from resolvers.booking import PropertyInput
from server.demo import seed

NOW = datetime(2025, 5, 5, 17, tzinfo=UTC)
TYPE_ID = re.compile(r"[a-z]{3}_[0-9a-z]{26}")
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
FREE = {"position", "team"}  # of which the value before is not the one that the last entry tells

M = TypeVar("M", bound=Base)


@pytest.fixture(scope="module")
def rows() -> Sequence[Base]:
    """The rows of the demo agency."""
    return seed.rows_at(NOW)


def of(rows: Sequence[Base], model: type[M]) -> list[M]:
    """The rows of one table."""
    return [row for row in rows if isinstance(row, model)]


def test_it_is_gapless_and_in_the_order_of_time(rows: Sequence[Base]) -> None:
    entries = of(rows, LogEntry)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert all(one.at < other.at and one.id < other.id for one, other in pairwise(entries))
    assert entries[-1].at < NOW
    assert [head.last_seq for head in of(rows, LogHead)] == [len(entries)]


def test_it_tells_how_every_row_came_to_be_as_it_is(rows: Sequence[Base]) -> None:
    told: dict[UUID, dict[str, Any]] = defaultdict(dict)
    versions: dict[UUID, int | None] = {}
    for entry in of(rows, LogEntry):
        values = told[entry.subject_id]
        for name, (before, after) in entry.params.get("changes", {}).items():
            assert name in FREE or values.get(name, before) == before
            values[name] = after
        versions[entry.subject_id] = entry.subject_version
    for order in of(rows, Order):
        assert order.status.name == told[order.id].get("status", "PENDING")
        assert order.payment_status.name == told[order.id].get("payment_status", "UNPAID")
    for service in of(rows, OrderService):
        assert service.status.name == told[service.id]["status"]
        assert bool(service.escalated_at) == bool(told[service.id].get("escalated_at"))
    for item in of(rows, ChecklistItem):
        assert bool(item.done_at) == bool(told[item.id].get("done_at"))
    for row in [*of(rows, Order), *of(rows, OrderService), *of(rows, ChecklistItem)]:
        assert row.version == versions.get(row.id, 1)


def test_positions_are_dense(rows: Sequence[Base]) -> None:
    lists: dict[Any, list[int]] = defaultdict(list)
    for service in of(rows, OrderService):
        lists[service.order_id, service.status].append(service.position)
    for checklist in of(rows, Checklist):
        lists[checklist.order_id, checklist.order_service_id].append(checklist.position)
    for item in of(rows, ChecklistItem):
        lists[item.checklist_id].append(item.position)
    lists[Service] = [service.position for service in of(rows, Service)]
    assert all(sorted(positions) == list(range(len(positions))) for positions in lists.values())


def test_whoever_is_mentioned_is_named_and_told(rows: Sequence[Base]) -> None:
    people = {person.id: person.name for person in of(rows, Person)}
    texts = {message.id: message.text for message in of(rows, Message)}
    mentions = of(rows, Mention)
    told = {
        entry.subject_id: entry.recipient_id
        for entry in of(rows, LogEntry)
        if entry.kind is Kind.PERSON_MENTIONED
    }
    assert told == {mention.id: mention.person_id for mention in mentions}
    for mention in mentions:
        role = mention.job_role and mention.job_role.name.replace("_", " ").title()
        assert f"@{role or people[mention.person_id]}" in texts[mention.message_id]
    assert {bool(mention.job_role) for mention in mentions} == {True, False}


def test_messages_are_edited_and_deleted_now_and_then(rows: Sequence[Base]) -> None:
    messages = of(rows, Message)
    assert any(message.edited_at for message in messages)
    assert any(message.deleted_at for message in messages)
    assert all(bool(message.text) != bool(message.deleted_at) for message in messages)
    assert {bool(message.order_service_id) for message in messages} == {True, False}


def test_keys_are_of_version_7_and_of_the_time_of_their_row(rows: Sequence[Base]) -> None:
    for row in of(rows, Message):
        assert row.id.version == 7
        assert row.id.variant == "specified in RFC 4122"
        assert abs(_time_of(row.id) - row.created_at) < timedelta(milliseconds=1)


def test_at_another_moment_it_differs_by_nothing_but_that(rows: Sequence[Base]) -> None:
    later = NOW + timedelta(days=400, seconds=7)
    again = seed.rows_at(later)
    assert [_values(row, NOW) for row in rows] == [_values(row, later) for row in again]


async def test_it_is_written_as_the_actions_write_it(rows: Sequence[Base], agency: Agency) -> None:
    await _do_everything(agency)
    async with session_of(agency.database) as session:
        statement = select(LogEntry).where(LogEntry.organization_id == agency.organization.id)
        real = _shapes((await session.scalars(statement)).all())
    demo = _shapes(of(rows, LogEntry))
    assert demo.keys() == real.keys()
    for kind, shape in demo.items():
        assert shape == real[kind], kind


async def _do_everything(agency: Agency) -> None:
    """Each action that is carried out at the demo agency."""
    context = agency.context(agency.admin)

    async def do(action: Any, **given: Any) -> Any:
        return (await perform(context, action, given)).row

    async def all_of(model: type[OrderService | Checklist]) -> list[UUID]:
        rows = await context.now(context.select(model).order_by(model.position))
        return [row.id for row in rows]

    place = {"street": "1 Elm Street", "city": "Springfield", "country": "US"}
    home, corrected = PropertyInput(**place), PropertyInput(**place, entry_notes="Ring twice")
    package_ids = [agency.package.id]
    given = {"customer_id": agency.customer.id, "package_ids": package_ids, "property": home}
    order = (await do(booking.create_order, **given)).id
    first, second = await all_of(OrderService)
    checklist = (await all_of(Checklist))[0]
    message = (await do(chat.post_message, order_id=order, text="@Mia Manager look")).id
    await do(booking.update_order_property, id=order, property=corrected)
    await do(orders.update_order_notes, id=order, notes="Notes")
    await do(orders.set_order_status, id=order, status=OrderStatus.IN_PROGRESS)
    await do(orders.set_payment_status, id=order, payment_status=PaymentStatus.PAID)
    await do(assignments.set_project_manager, id=order, person_id=agency.manager.id)
    await do(assignments.add_team_member, id=order, person_id=agency.staff.id)
    await do(assignments.assign_order_service, id=first, person_id=agency.staff.id)
    await do(order_services.update_order_service_notes, id=first, notes="Notes")
    await do(order_services.escalate_order_service, id=first, reason="Late")
    await do(order_services.resolve_escalation, id=first)
    await do(order_services.move_order_service, id=second, status=ServiceStatus.PRODUCTION)
    await do(order_services.move_order_service, id=second, status=ServiceStatus.PRE_PRODUCTION)
    await do(order_services.remove_order_service, id=second)
    item = (await do(checklists.add_checklist_item, checklist_id=checklist, text="Step")).id
    await do(checklists.tick_checklist_item, id=item)
    await do(checklists.untick_checklist_item, id=item)
    await do(chat.edit_message, id=message, text="Look")
    await do(chat.delete_message, id=message)


def _shapes(entries: Sequence[LogEntry]) -> dict[Kind, dict[str, set[Any]]]:
    """Of each kind of entries: of what, for whom, and which things they tell."""
    shapes: dict[Kind, dict[str, set[Any]]] = {}
    for entry in entries:
        shape = shapes.setdefault(entry.kind, defaultdict(set))
        shape["subject"].add((entry.subject_type, entry.subject_version is None))
        shape["audience"].add((entry.audience, entry.recipient_id is None))
        shape["params"].add(tuple(sorted(entry.params)))
        shape["changes"].update(entry.params.get("changes", ()))
    return shapes


def _time_of(key: UUID) -> datetime:
    return datetime.fromtimestamp((key.int >> 80) / 1000, UTC)


def _values(row: Base, now: datetime) -> list[Any]:
    return [_since(getattr(row, name), now) for name in row.__table__.columns.keys()]  # noqa: SIM118


def _since(value: Any, now: datetime) -> Any:
    """A value that holds times and keys, with all of them counted from a moment."""
    if isinstance(value, UUID):
        value = (_time_of(value), value.int & (1 << 80) - 1)
    if isinstance(value, str) and TYPE_ID.fullmatch(value):
        return _since(ids.decode(value, "id")[1], now)
    if isinstance(value, str) and ISO_TIME.match(value):
        value = datetime.fromisoformat(value)
    if isinstance(value, dict):
        return {name: _since(each, now) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_since(each, now) for each in value]
    return value - now if isinstance(value, datetime) else value
