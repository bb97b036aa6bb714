"""What one person asks for at once does not keep others waiting."""

import asyncio

from asking import ask, code
from effects import until_waiting
from factories import Agency, Answer
from watched import Watched

from core import shares

LIST = "{ orders(first: 5) { totalCount } }"
LARGE = "{ orders(first: 100) { edges { node { customer { id } services { id } progress { done }"
LARGE += (
    " projectManager { id } lastMessage { id } team { id } checklists { id } } } totalCount } }"
)


async def all_waiting(agency: Agency, documents: list[str], at: int) -> list[asyncio.Task[Answer]]:
    """These, asked by staff while nobody can read orders, when so many wait for the database."""
    tasks = [asyncio.create_task(agency.ask(agency.staff, each)) for each in documents]
    await until_waiting(agency.database, at)
    return tasks


async def test_a_large_one_waits_for_another_and_small_ones_do_not(agency: Agency) -> None:
    await agency.book()
    async with agency.database.transaction() as transaction:
        await transaction.fetch("LOCK TABLE orders")
        tasks = await all_waiting(agency, [LARGE, LARGE, LIST], 2)
    answers = await asyncio.gather(*tasks)
    assert {each["orders"]["totalCount"] for each in answers} == {1}


async def test_those_who_would_wait_too_long_are_refused(agency: Agency, server: Watched) -> None:
    most = shares.AT_ONCE + shares.WAITING
    async with agency.database.transaction() as transaction:
        await transaction.fetch("LOCK TABLE orders")
        tasks = [asyncio.create_task(ask(server, agency.staff, LIST)) for _ in range(most + 1)]
        ((refused,), _) = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        response = refused.result()
        assert (response.status_code, code(response)) == (429, "RATE_LIMITED")
        assert response.headers["Retry-After"] == "1"
    answers = await asyncio.gather(*tasks)
    assert [each.status_code for each in answers].count(200) == most


async def test_so_many_of_a_person_are_carried_out_at_once(agency: Agency) -> None:
    await agency.book()
    async with agency.database.transaction() as transaction:
        await transaction.fetch("LOCK TABLE orders")
        tasks = await all_waiting(agency, [LIST] * 20, shares.AT_ONCE)
        viewer = await agency.ask(agency.admin, "{ viewer { person { name } } }")
        assert viewer["viewer"]
        await until_waiting(agency.database, shares.AT_ONCE)
    answers = await asyncio.gather(*tasks)
    assert {each["orders"]["totalCount"] for each in answers} == {1}
