"""The hub and its bus: what happens to Redis and Postgres keeps nobody from learning of the log."""

import asyncio
import os
import signal
from contextlib import aclosing
from uuid import UUID

import pytest
from hubs import Notes, Process, listeners, reach
from network import network
from redis import Redis as Blocking
from redis.asyncio import Redis
from sqlalchemy import text, update
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from storage import session_of

from models import LogHead
from server.embedded import Postgres, Valkey
from subscriptions.tail import Diverged

pytestmark = pytest.mark.usefixtures("no_task_is_left")


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


@pytest.mark.usefixtures("quick_check", "no_poll")
async def test_numbers_that_redis_tells_late_are_harmless(
    database_url: str, there: Process, organization_id: UUID, valkey: Valkey, redis: Redis
) -> None:
    async with network(f"127.0.0.1:{valkey.port}") as slow:
        url = valkey.url.replace(f"127.0.0.1:{valkey.port}", slow.address)
        async with (
            Process(database_url, url) as here,
            aclosing(here.hub.heads(organization_id)) as heads,
        ):
            await reach(heads, 0)
            await listeners(redis, organization_id, 1)
            for link in slow.links:
                link.hold()
            for _ in range(3):
                await reach(heads, await there.commit(organization_id))
            for link in slow.links:
                link.release()
            await redis.publish(f"log:{organization_id}", 1)  # after what was held up
            assert await reach(heads, await there.commit(organization_id)) == [4]


@pytest.mark.usefixtures("no_check", "no_poll")
async def test_what_redis_does_not_keep_for_who_does_not_read_is_found(
    here: Process, there: Process, organization_id: UUID, redis: Redis, valkey: Valkey, notes: Notes
) -> None:
    limit = "client-output-buffer-limit"
    before = (await redis.config_get(limit))[limit] or ""
    await redis.config_set(limit, "pubsub 1mb 1mb 1")
    try:
        async with aclosing(here.hub.heads(organization_id)) as heads:
            await reach(heads, 0)
            await listeners(redis, organization_id, 1)
            seq = await there.commit(organization_id, told=False)
            with Blocking.from_url(valkey.url) as flood:  # nobody reads meanwhile
                for _ in range(40):
                    flood.publish(f"log:{organization_id}", bytes(2**20))
                while flood.pubsub_numsub(f"log:{organization_id}")[0][1]:  # it gives up soon
                    pass
            await reach(heads, seq)
            assert notes.about("Listening to Redis fails")
            await reach(heads, await there.commit(organization_id))
    finally:
        await redis.config_set(limit, before)
