"""Within which organization something is sent: never another one's, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
from asyncpg import InterfaceError, PostgresError
from network import network
from processes import SECONDS
from sqlalchemy import make_url

from core.connections import SETTING
from core.database import Database
from models import new_id
from server.embedded import Postgres

TOLD = f"SELECT coalesce(current_setting('{SETTING}', true), '') AS told"
OURS, THEIRS = new_id(), new_id()
Ask = Callable[[Database, UUID | None], Awaitable[str]]


async def read(database: Database, within: UUID | None) -> str:
    """What a read is told."""
    (row,) = await database.fetch(TOLD, within=within)
    return str(row["told"])


async def read_twice(database: Database, within: UUID | None) -> str:
    """What the reads of a moment are told."""
    assert within
    moment = await database.moment(within)
    try:
        told = [str(row["told"]) for _ in range(2) for row in await moment.fetch(TOLD)]
    finally:
        await moment.end()
    assert told[0] == told[1]
    return told[0]


async def act(database: Database, within: UUID | None) -> str:
    """What an action is told."""
    async with database.transaction(within) as transaction:
        ((told,),) = await transaction.fetch(TOLD)
        return str(told)


WAYS = [read, read_twice, act]


@pytest.fixture(params=[True, False], ids=["pooled", "direct"])
async def narrow(postgres: Postgres, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A database with one connection to read, and one to act."""
    database = Database(postgres.url, pool_size=1, pooled=request.param)
    yield database
    await database.close()


@pytest.mark.parametrize("ask", WAYS)
async def test_each_is_told_its_own(narrow: Database, ask: Ask) -> None:
    for within in (OURS, THEIRS, THEIRS, OURS):
        assert await ask(narrow, within) == str(within)
        assert await read(narrow, None) == ""
        assert await act(narrow, None) == ""


@pytest.mark.parametrize("ask", WAYS)
async def test_many_at_once_are_told_their_own(postgres: Postgres, ask: Ask) -> None:
    database = Database(postgres.url, pool_size=2)
    organizations = [new_id() for _ in range(3)]

    async def asked(within: UUID) -> None:
        for _ in range(30):
            assert await ask(database, within) == str(within)

    async with asyncio.TaskGroup() as tasks:
        for within in organizations * 2:
            tasks.create_task(asked(within))
    await database.close()


@pytest.mark.parametrize("ask", WAYS)
async def test_who_leaves_at_any_moment_leaves_nothing_to_others(
    narrow: Database, ask: Ask
) -> None:
    await ask(narrow, OURS)
    steps, finished = 0, False
    while not finished:
        task = asyncio.ensure_future(ask(narrow, THEIRS))
        for _ in range(steps):
            await asyncio.sleep(0)
        finished = not task.cancel()
        await asyncio.wait([task])
        for each in WAYS:
            assert await each(narrow, OURS) == str(OURS)
        assert await read(narrow, None) == ""
        steps += 1
    assert steps > 1


async def test_nothing_is_left_on_a_connection_of_a_pooler(postgres: Postgres) -> None:
    database = Database(postgres.url, pool_size=1, pooled=True)
    for ask in WAYS:
        await ask(database, OURS)
    for pool in (database._reading, database._acting):  # noqa: SLF001 - beneath what sets it
        connection = await pool.connection()
        ((told,),) = await connection.fetch(TOLD)
        assert told == ""
        await connection.release()
    await database.close()


async def test_the_organization_costs_no_round_trip(postgres: Postgres) -> None:
    url = make_url(postgres.url)
    async with network(f"{url.host}:{url.port}") as between:
        host, port = between.address.split(":")
        through = url.set(host=host, port=int(port)).render_as_string(hide_password=False)
        database = Database(through, pool_size=1)

        async def trips(ask: Ask, within: UUID) -> int:
            before = between.trips
            await ask(database, within)
            return between.trips - before

        for ask in WAYS:
            await ask(database, OURS)
        assert await trips(read, OURS) == 1
        assert await trips(read, THEIRS) == 2
        assert await trips(read, THEIRS) == 1
        assert await trips(read_twice, OURS) == 1 + 2 + 1
        assert await trips(act, OURS) == 1 + 1 + 1
        await database.close()


async def test_connections_that_were_closed_are_replaced(postgres: Postgres) -> None:
    database = Database(postgres.url, pool_size=3)
    ready = asyncio.Barrier(3)

    async def hold() -> int:
        async with database.transaction() as transaction:
            await ready.wait()
            ((pid,),) = await transaction.fetch("SELECT pg_backend_pid()")
            return int(pid)

    async with asyncio.timeout(SECONDS):
        pids = await asyncio.gather(*(hold() for _ in range(3)))
        end = "SELECT pg_terminate_backend(pid, 5000) FROM unnest($1::int[]) pid"
        await database.fetch(end, pids)
        assert await act(database, OURS) == str(OURS)
        assert not set(pids) & set(await asyncio.gather(*(hold() for _ in range(3))))
    await database.close()


async def act_without(database: Database) -> None:
    """An action that fails after its connection was closed, and the pool has taken it back."""
    async with database.transaction() as transaction:
        ((pid,),) = await transaction.fetch("SELECT pg_backend_pid()")
        await database.fetch("SELECT pg_terminate_backend($1, 5000)", pid)
        error: Exception | None = None
        while not isinstance(error, InterfaceError):
            try:
                await transaction.fetch("SELECT")
            except (PostgresError, InterfaceError, OSError) as refused:
                error = refused
        raise LookupError


async def test_what_fails_is_told_though_its_connection_is_lost(postgres: Postgres) -> None:
    database = Database(postgres.url, pool_size=1)
    async with asyncio.timeout(SECONDS):
        with pytest.raises(LookupError):
            await act_without(database)
        assert await act(database, OURS) == str(OURS)
    await database.close()


async def test_whoever_waits_longest_is_next(postgres: Postgres) -> None:
    database = Database(postgres.url, pool_size=1)
    answered: list[str] = []

    async def ask(who: str) -> None:
        await database.fetch("SELECT")
        answered.append(who)

    async def come_late() -> None:
        tasks.create_task(ask("late"))

    held = await database._reading.connection()  # noqa: SLF001 - to hold it, and nothing else
    async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(ask("first"))
        for _ in range(9):  # until it waits
            await asyncio.sleep(0)
        tasks.create_task(held.release())
        tasks.create_task(come_late())
    assert answered == ["first", "late"]
    await database.close()
