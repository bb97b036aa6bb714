"""What one person asks for at once does not keep others waiting."""

import asyncio

from effects import until_waiting
from factories import Agency, Answer

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


async def test_those_who_would_wait_too_long_are_refused(agency: Agency) -> None:
    async with agency.database.transaction() as transaction:
        await transaction.fetch("LOCK TABLE orders")
        most = shares.AT_ONCE + shares.WAITING
        tasks = await all_waiting(agency, [LIST] * (most + 1), shares.AT_ONCE)
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert [each.result().error["code"] for each in done] == ["RATE_LIMITED"]
    answers = await asyncio.gather(*tasks)
    assert sum(not each.errors for each in answers) == most


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
