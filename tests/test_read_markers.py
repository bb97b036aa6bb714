"""How far people have read an order."""

import asyncio
from uuid import uuid4

import pytest
from chat_queries import assign, entries, post, rows, stored
from factories import Agency, Answer

from core import ids
from core.cursors import Cursor
from models import Audience, Kind, LogEntry, Order, ReadMarker, new_id

NOT_FOUND = {"code": "NOT_FOUND", "field": "orderId"}


async def cursor(agency: Agency) -> str:
    """The place after everything that has happened at the agency."""
    entry = (await rows(agency, LogEntry))[-1]
    return str(Cursor.at(agency.organization.id, entry["seq"], entry["id"]))


async def read(agency: Agency, order: str, up_to: str, *, by: str = "staff") -> Answer:
    """What the API answers to somebody who has read an order up to a place."""
    given = {"orderId": order, "upTo": up_to}
    return await agency.do(getattr(agency, by), "markRead", "order { id }", **given)


async def test_a_person_marks_an_order_as_read(agency: Agency) -> None:
    order = await agency.book()
    before = await rows(agency, LogEntry)
    answer = await read(agency, order, await cursor(agency))
    assert answer["markRead"]["order"] == {"id": order}
    [marker] = await rows(agency, ReadMarker)
    head = before[-1]["seq"]
    assert (marker["person_id"], marker["seq"]) == (agency.staff.id, head)
    [entry] = await entries(agency, after=before)
    assert (entry["kind"], entry["audience"]) == (Kind.ORDER_READ, Audience.PERSON)
    assert entry["recipient_id"] == agency.staff.id
    assert ids.encode(Order, entry["subject_id"]) == order
    assert entry["params"]["read"] == [0, head]


async def test_reading_further_moves_the_marker(agency: Agency) -> None:
    order = await agency.book()
    await read(agency, order, await cursor(agency))
    await post(agency, order)
    latest = await cursor(agency)
    await read(agency, order, latest)
    [marker] = await rows(agency, ReadMarker)
    assert marker["seq"] == Cursor.parse(latest, "").seq
    first, second = [e for e in await rows(agency, LogEntry) if e["kind"] is Kind.ORDER_READ]
    assert second["params"]["read"] == [first["params"]["read"][1], marker["seq"]]


async def test_what_was_read_already_changes_nothing(agency: Agency) -> None:
    order = await agency.book()
    early = await cursor(agency)
    await post(agency, order)
    await read(agency, order, await cursor(agency))
    before = await stored(agency)
    answer = await read(agency, order, early)
    assert answer["markRead"]["order"] == {"id": order}
    assert await stored(agency) == before


async def test_the_very_beginning_of_the_log_changes_nothing(agency: Agency) -> None:
    order = await agency.book()
    before = await stored(agency)
    answer = await read(agency, order, str(Cursor.at(agency.organization.id, 0, None)))
    assert answer["markRead"]["order"] == {"id": order}
    assert await stored(agency) == before


async def test_each_person_has_a_marker_of_their_own_for_each_order(agency: Agency) -> None:
    for order in [await agency.book(), await agency.book()]:
        await assign(agency, order)
        for name in ("admin", "staff", "contractor"):
            (await read(agency, order, await cursor(agency), by=name))["markRead"]
    assert len(await rows(agency, ReadMarker)) == 6


async def test_two_devices_that_read_at_once_leave_the_further_place(agency: Agency) -> None:
    order = await agency.book()
    early = await cursor(agency)
    await post(agency, order)
    late = await cursor(agency)
    answers = await asyncio.gather(*(read(agency, order, each) for each in (late, early) * 3))
    assert all(answer["markRead"]["order"] == {"id": order} for answer in answers)
    [marker] = await rows(agency, ReadMarker)
    assert marker["seq"] == Cursor.parse(late, "").seq


@pytest.mark.parametrize(
    ("name", "error"),
    [("contractor", NOT_FOUND), ("stranger", NOT_FOUND), ("customer", {"code": "FORBIDDEN"})],
)
async def test_nobody_outside_marks_an_order_as_read(
    agency: Agency, name: str, error: dict[str, str]
) -> None:
    order = await agency.book()
    before = await stored(agency)
    assert (await read(agency, order, await cursor(agency), by=name)).error == error
    assert await stored(agency) == before


@pytest.mark.parametrize("ahead", [1, 2**63, 2**64 - 1])
async def test_a_place_beyond_the_end_of_the_log_is_refused(agency: Agency, ahead: int) -> None:
    order = await agency.book()
    before = await stored(agency)
    seq = min(before[-1][-1]["seq"] + ahead, 2**64 - 1)
    answer = await read(agency, order, str(Cursor.at(agency.organization.id, seq, new_id())))
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "upTo"}
    assert await stored(agency) == before


async def test_a_place_in_the_log_of_another_agency_is_refused(agency: Agency) -> None:
    order = await agency.book()
    before = await stored(agency)
    answer = await read(agency, order, str(Cursor.at(uuid4(), 1, new_id())))
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "upTo"}
    assert await stored(agency) == before


async def test_what_is_no_cursor_is_refused(agency: Agency) -> None:
    order = await agency.book()
    before = await stored(agency)
    assert (await read(agency, order, "page 2")).error == {
        "code": "BAD_USER_INPUT",
        "field": "upTo",
    }
    assert await stored(agency) == before
