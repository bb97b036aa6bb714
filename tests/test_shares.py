"""What one person asks for at once does not keep others waiting."""

import asyncio
from uuid import UUID

from asking import ask, code
from calling import NAME
from effects import until_waiting
from factories import Agency, Answer
from watched import Watched, watched

from core import shares
from models import new_id
from server.embedded import Postgres, Valkey

LIST = "{ orders(first: 5) { totalCount } }"
TWICE = f"{{ a: {LIST[1:-1]} b: {LIST[1:-1]} }}"
ALL_IS_MUCH = "from server import bills; bills._MUCH_S = 0"


async def all_waiting(agency: Agency, documents: list[str], at: int) -> list[asyncio.Task[Answer]]:
    """These, asked by staff while nobody can read orders, when so many wait for the database."""
    tasks = [asyncio.create_task(agency.ask(agency.staff, each)) for each in documents]
    await until_waiting(agency.database, at)
    return tasks


async def test_those_who_ask_for_much_are_answered_one_at_a_time(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    await agency.book()
    async with watched(postgres.url, valkey.url, first=ALL_IS_MUCH) as server:
        async with agency.database.transaction() as transaction:
            await transaction.fetch("LOCK TABLE orders")
            tasks = [asyncio.create_task(ask(server, agency.staff, TWICE)) for _ in range(3)]
            await until_waiting(agency.database, 1)
            assert (await server.ask(agency.admin, NAME))["viewer"]
            await until_waiting(agency.database, 1)
        answers = [each.json()["data"] for each in await asyncio.gather(*tasks)]
    assert answers == [{"a": {"totalCount": 1}, "b": {"totalCount": 1}}] * 3


async def test_who_gives_way_keeps_nobody_else_waiting() -> None:
    person, other, own = new_id(), new_id(), shares.Shares()

    async def begun(whose: UUID, *, gives_way: bool) -> None:
        async with own.one(whose, gives_way=gives_way):
            pass

    async with own.one(person, gives_way=True):
        second = asyncio.create_task(begun(person, gives_way=True))
        await begun(person, gives_way=False)
        await begun(other, gives_way=True)
        assert not second.done()
    await second


async def test_who_gives_way_waits_only_while_others_have_something_under_way() -> None:
    own = shares.Shares()
    async with own.one(new_id(), gives_way=True) as give_way:
        assert give_way
        await give_way(10**9)
        async with own.one(new_id(), gives_way=False) as nothing:
            assert nothing is None
            waits = asyncio.ensure_future(give_way(10**9))
            await asyncio.sleep(0)
            assert not waits.done()
            waits.cancel()


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
