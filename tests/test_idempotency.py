"""Retries: done once, answered alike."""

import asyncio

from sqlalchemy import func, select, text

from factories import Agency, typed
from models import LogEntry, Order

PROPERTY = {"street": "1 Elm Street", "city": "Springfield", "country": "US"}


async def orders(agency: Agency) -> int:
    """The number of the agency's orders."""
    statement = select(func.count()).where(Order.organization_id == agency.organization.id)
    async with agency.database.read() as session:
        return await session.scalar(statement) or 0


async def book(agency: Agency, **more: object) -> object:
    """What the API answers to a booking with a key."""
    given = {"customerId": typed(agency.customer), "property": PROPERTY, "idempotencyKey": "one"}
    answer = await agency.do(
        agency.staff, "createOrder", "order { id number name createdAt }", **{**given, **more}
    )
    return answer.data["createOrder"] if not answer.errors else answer.error


async def test_twins_at_the_same_time_have_one_effect_and_equal_answers(agency: Agency) -> None:
    answers = await asyncio.gather(*(book(agency) for _ in range(8)))
    assert await orders(agency) == 1
    assert all(answer == answers[0] for answer in answers)


async def test_a_retry_is_answered_as_the_first_time_even_after_a_change(agency: Agency) -> None:
    first = await book(agency)
    assert isinstance(first, dict)
    order_id = first["order"]["id"]
    await agency.do(agency.staff, "setOrderStatus", id=order_id, status="CANCELLED")
    assert await book(agency) == first


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
    async with agency.database.transaction() as session:
        await session.execute(
            text(
                "UPDATE idempotency_records SET created_at = now() - interval '25 hours'"
                " WHERE organization_id = :id"
            ),
            {"id": agency.organization.id},
        )
    await book(agency, name="Another")
    assert await orders(agency) == 2


async def test_a_retry_writes_no_entry(agency: Agency) -> None:
    await book(agency)
    await book(agency)
    of_agency = LogEntry.organization_id == agency.organization.id
    async with agency.database.read() as session:
        assert await session.scalar(select(func.count()).where(of_agency)) == 1
