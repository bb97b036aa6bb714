"""Retries: done once, answered alike."""

import asyncio
from datetime import timedelta

from factories import Agency, typed
from sqlalchemy import func, select, text, update
from storage import session_of

from core import doors
from models import IdempotencyRecord, LogEntry, Order

ANSWER = "order { id status }"
PROPERTY = {"street": "1 Elm Street", "city": "Springfield", "country": "US"}


async def orders(agency: Agency) -> int:
    """The number of the agency's orders."""
    statement = select(func.count()).where(Order.organization_id == agency.organization.id)
    async with session_of(agency.database) as session:
        return await session.scalar(statement) or 0


def booking(agency: Agency) -> dict[str, object]:
    """What a booking with a key needs."""
    customer_id = typed(agency.customer)
    return {"customerId": customer_id, "property": PROPERTY, "idempotencyKey": "one"}


async def book(agency: Agency, **more: object) -> object:
    """What the API answers to a booking with a key."""
    given = booking(agency)
    answer = await agency.do(
        agency.staff, "createOrder", "order { id number name createdAt }", **{**given, **more}
    )
    return answer.data["createOrder"] if not answer.errors else answer.error


async def test_twins_at_the_same_time_have_one_effect_and_equal_answers(agency: Agency) -> None:
    answers = await asyncio.gather(*(book(agency) for _ in range(8)))
    assert await orders(agency) == 1
    assert all(answer == answers[0] for answer in answers)


async def test_a_retry_is_answered_with_the_same_order_as_it_is_now(agency: Agency) -> None:
    first = await agency.do(agency.staff, "createOrder", ANSWER, **booking(agency))
    order_id = first["createOrder"]["order"]["id"]
    await agency.do(agency.staff, "setOrderStatus", id=order_id, status="CANCELLED")
    again = await agency.do(agency.staff, "createOrder", ANSWER, **booking(agency))
    assert again["createOrder"]["cursor"] == first["createOrder"]["cursor"]
    assert again["createOrder"]["order"] == {"id": order_id, "status": "CANCELLED"}


async def test_what_was_deleted_is_still_the_answer(agency: Agency) -> None:
    order_id = await agency.book()
    made = await agency.do(
        agency.staff, "createChecklist", "checklist { id }", orderId=order_id, title="Extra"
    )
    given = {"id": made["createChecklist"]["checklist"]["id"], "idempotencyKey": "gone"}
    first = await agency.do(agency.staff, "deleteChecklist", "checklist { id title }", **given)
    again = await agency.do(agency.staff, "deleteChecklist", "checklist { id title }", **given)
    assert again.data == first.data
    assert again["deleteChecklist"]["checklist"]["title"] == "Extra"


async def test_a_deleted_text_does_not_live_on_in_a_retry(agency: Agency) -> None:
    order_id = await agency.book()
    given = {"orderId": order_id, "text": "a slip of the tongue", "idempotencyKey": "slip"}
    made = await agency.do(agency.staff, "postMessage", "message { id }", **given)
    await agency.do(agency.staff, "deleteMessage", id=made["postMessage"]["message"]["id"])
    again = await agency.do(agency.staff, "postMessage", "message { text }", **given)
    assert again["postMessage"]["message"] == {"text": None}
    kept = text("SELECT count(*) FROM idempotency_records WHERE result::text LIKE '%slip of%'")
    async with session_of(agency.database) as session:
        assert await session.scalar(kept) == 0


async def test_a_key_with_other_arguments_is_refused(agency: Agency) -> None:
    await book(agency)
    assert await book(agency, name="Another") == {"code": "IDEMPOTENCY_MISMATCH"}
    assert await orders(agency) == 1


async def test_a_key_with_another_mutation_is_refused(agency: Agency) -> None:
    order_id = await agency.book(idempotencyKey="one")
    answer = await agency.do(
        agency.staff, "setOrderStatus", id=order_id, status="CANCELLED", idempotencyKey="one"
    )
    assert answer.error == {"code": "IDEMPOTENCY_MISMATCH"}


async def test_people_do_not_share_keys(agency: Agency) -> None:
    await agency.book(idempotencyKey="one")
    answer = await agency.do(
        agency.customer, "createOrder", property=PROPERTY, idempotencyKey="one"
    )
    assert not answer.errors
    assert await orders(agency) == 2


async def test_a_failure_is_not_kept(agency: Agency) -> None:
    assert await book(agency, name=" ") == {"code": "BAD_USER_INPUT", "field": "name"}
    assert isinstance(await book(agency), dict)
    assert await orders(agency) == 1


async def test_a_key_is_forgotten_after_a_day(agency: Agency) -> None:
    await book(agency)
    async with session_of(agency.database) as session:
        await session.execute(
            text(
                "UPDATE idempotency_records SET created_at = now() - interval '25 hours'"
                " WHERE organization_id = :id"
            ),
            {"id": agency.organization.id},
        )
    await book(agency, name="Another")
    assert await orders(agency) == 2


async def test_what_is_old_is_deleted(agency: Agency) -> None:
    await book(agency)
    mine = IdempotencyRecord.organization_id == agency.organization.id
    kept = select(func.count()).where(mine)
    await doors.forget_answers(agency.database)
    async with session_of(agency.database) as session:
        assert await session.scalar(kept) == 1
        day = timedelta(hours=25)
        await session.execute(
            update(IdempotencyRecord).where(mine).values(created_at=func.now() - day)
        )
    await doors.forget_answers(agency.database)
    async with session_of(agency.database) as session:
        assert await session.scalar(kept) == 0


async def test_a_retry_writes_no_entry(agency: Agency) -> None:
    await book(agency)
    await book(agency)
    of_agency = LogEntry.organization_id == agency.organization.id
    async with session_of(agency.database) as session:
        assert await session.scalar(select(func.count()).where(of_agency)) == 1
