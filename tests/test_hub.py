"""The hub: everybody learns how far the log has grown."""

import asyncio
from contextlib import aclosing
from uuid import UUID

import pytest
from hubs import NOWHERE, PATIENCE_S, Notes, Process, listeners, reach
from redis.asyncio import Redis
from sqlalchemy import update
from storage import session_of

from models import LogHead
from subscriptions.hub import Hub

pytestmark = pytest.mark.usefixtures("no_task_is_left")


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
