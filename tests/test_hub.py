"""The hub and its bus: whatever happens to Redis, everybody learns how far the log has grown."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from uuid import UUID

import pytest
from hubs import NEVER_S, NOWHERE, PATIENCE_S, Notes, Process, listeners, reach, tasks
from redis.asyncio import Redis
from sqlalchemy import text, update
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from storage import session_of

import subscriptions.bus
import subscriptions.hub
from core.database import Database
from models import LogHead
from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub
from subscriptions.tail import Diverged


@pytest.fixture(autouse=True)
async def _no_task_is_left() -> AsyncIterator[None]:
    before = tasks()
    yield
    assert tasks() <= before


@pytest.fixture
def database_url(database: Database) -> str:
    """The address of the database, which has its tables."""
    return database.url


@pytest.fixture
def notes() -> Iterator[Notes]:
    """What the hub and the bus log during the test."""
    notes = Notes()
    loggers = [logging.getLogger(name) for name in ("subscriptions", "callsheet")]
    for each in loggers:
        each.addHandler(notes)
    yield notes
    for each in loggers:
        each.removeHandler(notes)


@pytest.fixture
def redis_url(valkey: Valkey) -> Iterator[str]:
    """Redis, which runs again after each test."""
    yield valkey.start().url
    valkey.start()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A way to meddle with Redis."""
    async with Redis.from_url(redis_url, socket_timeout=None) as client:
        yield client


@pytest.fixture
async def here(database_url: str, redis_url: str) -> AsyncIterator[Process]:
    """A process."""
    async with Process(database_url, redis_url) as process:
        yield process


@pytest.fixture
async def there(database_url: str, redis_url: str) -> AsyncIterator[Process]:
    """Another process."""
    async with Process(database_url, redis_url) as process:
        yield process


@pytest.fixture
async def organization_id(there: Process) -> UUID:
    """An organization with an empty log."""
    return (await there.organizations(1))[0]


@pytest.fixture
def no_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """No head check while Redis is there: what arrives came by Redis or after a fence."""
    monkeypatch.setattr(subscriptions.hub, "CHECK_S", NEVER_S)
    monkeypatch.setattr(subscriptions.bus, "PUBLISH_TIMEOUT_S", PATIENCE_S)


@pytest.fixture
def quick_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less to wait for."""
    monkeypatch.setattr(subscriptions.hub, "CHECK_S", 0.2)


@pytest.fixture
def no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """No polling while Redis is away, but for one head check when it is lost."""
    monkeypatch.setattr(subscriptions.hub, "POLL_S", NEVER_S)


async def test_head_arrives_at_once(here: Process, there: Process, organization_id: UUID) -> None:
    async with aclosing(here.hub.heads(organization_id)) as heads:
        assert await reach(heads, 0) == [0]

        await there.commit(organization_id, told=False)
        await there.commit(organization_id, told=False)
        async with aclosing(here.hub.heads(organization_id)) as others:
            assert await reach(others, 2) == [2]


@pytest.mark.usefixtures("no_check", "no_poll")
async def test_another_process_wakes(here: Process, there: Process, organization_id: UUID) -> None:
    async with aclosing(here.hub.heads(organization_id)) as heads:
        for _ in range(50):
            await reach(heads, await there.commit(organization_id))


@pytest.mark.usefixtures("no_check", "no_poll")
async def test_own_process_wakes_without_redis(database_url: str, there: Process) -> None:
    [organization_id] = await there.organizations(1)
    async with (
        Process(database_url, NOWHERE) as alone,
        aclosing(alone.hub.heads(organization_id)) as heads,
    ):
        await reach(heads, 0)
        await reach(heads, await alone.commit(organization_id))


@pytest.mark.usefixtures("quick_check")
async def test_entry_of_a_process_that_died_before_publishing_arrives(
    here: Process, there: Process, organization_id: UUID, redis: Redis
) -> None:
    async with aclosing(here.hub.heads(organization_id)) as heads:
        await reach(heads, 0)
        await listeners(redis, organization_id, 1)
        for _ in range(2):
            await reach(heads, await there.commit(organization_id, told=False))
        assert here.bus.connected


@pytest.mark.usefixtures("no_check", "no_poll")
async def test_doubled_late_and_malformed_messages_are_harmless(
    here: Process, there: Process, organization_id: UUID, redis: Redis, notes: Notes
) -> None:
    malformed = ["", "x", "-7", "7.0", " 7", "7\n", "\N{ARABIC-INDIC DIGIT SEVEN}", "9" * 20]
    async with aclosing(here.hub.heads(organization_id)) as heads:
        for _ in range(3):
            await there.commit(organization_id)
        await reach(heads, 3)
        await listeners(redis, organization_id, 1)
        for data in ["3", "3", "1", "2", "0", *malformed]:
            await redis.publish(f"log:{organization_id}", data)

        assert await reach(heads, await there.commit(organization_id)) == [4]
        assert notes.about("No number") == len(malformed)


@pytest.mark.usefixtures("no_check")
async def test_polls_while_redis_is_away(
    here: Process, there: Process, organization_id: UUID, valkey: Valkey
) -> None:
    async with aclosing(here.hub.heads(organization_id)) as heads:
        await reach(heads, 0)
        valkey.stop()
        for _ in range(3):
            await reach(heads, await there.commit(organization_id))
        assert not here.bus.connected


@pytest.mark.usefixtures("no_check", "no_poll")
async def test_catches_up_when_redis_is_back(here: Process, there: Process, valkey: Valkey) -> None:
    first, *others = await there.organizations(4)
    async with aclosing(here.hub.heads(first)) as heads:
        await reach(heads, 0)
        for other in others:
            valkey.stop()
            async with aclosing(here.hub.heads(other)) as unheard:
                await reach(unheard, 0)  # so here has noticed, and asks no more
            assert not here.bus.connected
            seq = await there.commit(first, told=False)

            valkey.start()
            await reach(heads, seq)
            await reach(heads, await there.commit(first))


@pytest.mark.usefixtures("no_check")
async def test_starts_without_redis(
    database_url: str, there: Process, organization_id: UUID, valkey: Valkey
) -> None:
    valkey.stop()
    async with (
        Process(database_url, valkey.url) as here,
        aclosing(here.hub.heads(organization_id)) as heads,
    ):
        await reach(heads, 0)
        await reach(heads, await there.commit(organization_id))

        valkey.start()
        while not here.bus.connected:
            await reach(heads, await there.commit(organization_id))
        await reach(heads, await there.commit(organization_id))


@pytest.mark.usefixtures("no_check", "no_poll")
async def test_killed_connections_lose_nothing(
    here: Process, there: Process, organization_id: UUID, redis: Redis
) -> None:
    async with aclosing(here.hub.heads(organization_id)) as heads:
        await reach(heads, 0)
        for _ in range(15):
            await listeners(redis, organization_id, 1)
            await there.commit(organization_id, told=False)
            await redis.client_kill_filter(_type="pubsub")
            await reach(heads, await there.commit(organization_id))


@pytest.mark.usefixtures("no_check")
async def test_redis_that_hangs_is_given_up_until_it_answers(
    here: Process, there: Process, organization_id: UUID, redis: Redis, notes: Notes
) -> None:
    pid = (await redis.info("server"))["process_id"]
    async with aclosing(here.hub.heads(organization_id)) as heads:
        await reach(heads, 0)
        await listeners(redis, organization_id, 1)
        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(3):
                await reach(heads, await there.commit(organization_id))
            assert notes.about("no sign of life")
        finally:
            os.kill(pid, signal.SIGCONT)

        while not here.bus.connected:
            await reach(heads, await there.commit(organization_id))
        await reach(heads, await there.commit(organization_id))


async def test_slow_consumer_gets_only_the_newest(here: Process, organization_id: UUID) -> None:
    async with aclosing(here.hub.heads(organization_id)) as heads:
        await reach(heads, 0)
        for _ in range(49):
            await here.commit(organization_id)
        seq = await here.commit(organization_id)

        assert await reach(heads, seq) == [50]
        assert await reach(heads, await here.commit(organization_id)) == [51]


async def test_last_who_leaves_unsubscribes(
    here: Process, organization_id: UUID, redis: Redis
) -> None:
    async def follow() -> None:
        async with aclosing(here.hub.heads(organization_id)) as heads:
            await reach(heads, 1)

    cancelled = asyncio.create_task(follow())
    async with aclosing(here.hub.heads(organization_id)) as heads:
        await reach(heads, 0)
        assert (here.hub.topics, here.hub.subscribers) == (1, 2)

        cancelled.cancel()
        await asyncio.wait([cancelled])
        assert (here.hub.topics, here.hub.subscribers) == (1, 1)
        await listeners(redis, organization_id, 1)

    assert (here.hub.topics, here.hub.subscribers) == (0, 0)
    await listeners(redis, organization_id, 0)


@pytest.mark.usefixtures("no_check", "no_poll")
async def test_who_leaves_and_returns_misses_nothing(
    here: Process, there: Process, organization_id: UUID
) -> None:
    for _ in range(50):
        seq = await there.commit(organization_id, told=False)
        async with aclosing(here.hub.heads(organization_id)) as heads:
            assert await reach(heads, seq) == [seq]
            await reach(heads, await there.commit(organization_id))


async def test_announcing_never_raises_nor_waits(
    database_url: str, there: Process, notes: Notes
) -> None:
    ids = await there.organizations(20)
    async with Process(database_url, NOWHERE) as alone:
        for seq in range(1, 100):
            for each in ids:
                alone.hub.announce(each, seq)
            await asyncio.sleep(0)
        await notes.mention("Publishing to Redis fails")
        await notes.mention("Listening to Redis fails")
        assert not alone.bus.connected

    assert len(ids) <= alone.bus.failures <= len(ids) * 99
    assert notes.about("Publishing") == notes.about("Listening") == 1


@pytest.mark.usefixtures("no_check", "no_poll")
async def test_many_organizations_at_once(here: Process, there: Process) -> None:
    ids = await there.organizations(200)
    streams = [here.hub.heads(each) for each in ids]
    assert await asyncio.gather(*(reach(each, 0) for each in streams)) == [[0]] * 200
    assert (here.hub.topics, here.hub.subscribers) == (200, 200)

    async with session_of(there.database) as session:
        await session.execute(
            update(LogHead).where(LogHead.organization_id.in_(ids)).values(last_seq=1)
        )
    for each in ids:
        there.hub.announce(each, 1)

    assert await asyncio.gather(*(reach(each, 1) for each in streams)) == [[1]] * 200
    for stream in streams:
        await stream.aclose()
    assert (here.hub.topics, here.hub.subscribers) == (0, 0)


@pytest.mark.usefixtures("no_check")
async def test_outage_of_the_database_is_survived(
    here: Process, there: Process, postgres: Postgres, database_url: str, notes: Notes
) -> None:
    old, new = await there.organizations(2)
    name = make_url(database_url).database
    admin = create_async_engine(postgres.admin_url, isolation_level="AUTOCOMMIT")
    async with aclosing(here.hub.heads(old)) as heads, admin.connect() as connection:
        await reach(heads, 0)
        await connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        try:
            await connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                ),
                {"name": name},
            )
            async with aclosing(here.hub.heads(new)) as others:
                first = asyncio.create_task(reach(others, 0))
                await notes.mention("The head check fails")
                await connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
                assert await first == [0]
        finally:
            await connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        await reach(heads, await there.commit(old))
    await admin.dispose()
    assert notes.about("The head check fails") >= notes.about("The head check works") >= 1


@pytest.mark.usefixtures("quick_check")
async def test_log_that_became_shorter_is_an_error(
    here: Process, there: Process, organization_id: UUID
) -> None:
    async with aclosing(here.hub.heads(organization_id)) as heads:
        for _ in range(3):
            await there.commit(organization_id)
        await reach(heads, 3)
        async with session_of(there.database) as session:
            shorter = update(LogHead).where(LogHead.organization_id == organization_id)
            await session.execute(shorter.values(last_seq=1))

        with pytest.raises(Diverged):
            await reach(heads, 4)
    async with aclosing(here.hub.heads(organization_id)) as heads:
        assert await reach(heads, 1) == [1]


async def test_stopping_ends_every_stream(
    database_url: str, redis_url: str, organization_id: UUID
) -> None:
    async def follow(hub: Hub, began: asyncio.Event) -> list[int]:
        told = []
        async for head in hub.heads(organization_id):
            told.append(head)
            began.set()
        return told

    began = asyncio.Event()
    async with Process(database_url, redis_url) as process:
        task = asyncio.create_task(follow(process.hub, began))
        await asyncio.wait_for(began.wait(), PATIENCE_S)

    assert await task == [0]
