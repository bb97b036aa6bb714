"""What breaks, one way or another, and is whole again at the end of a block."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

from factories import typed
from fault_world import ACTIVITY, World
from redis.asyncio import Redis
from told import Loss

import models
from core import ids
from core.cursors import Cursor
from models import LogEntry, Order

Fault: TypeAlias = Callable[[World], AbstractAsyncContextManager[None]]
FAULTS: dict[str, Fault] = {}
SUBJECTS: dict[str, list[str]] = {}
"""The names of faults by what they happen to: of each, one at a time."""
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""
_GUESTS = 40
_FLOOD, _PIECE = 40, 2**20  # more than any buffer of the system holds


def fault(subject: str, name: str) -> Callable[[Callable[[World], AsyncIterator[None]]], Fault]:
    """Something that breaks."""

    def named(make: Callable[[World], AsyncIterator[None]]) -> Fault:
        FAULTS[name] = asynccontextmanager(make)
        SUBJECTS.setdefault(subject, []).append(name)
        return FAULTS[name]

    return named


def some(dice: random.Random) -> list[str]:
    """One to three faults that may happen together."""
    chosen = set(dice.sample(list(SUBJECTS), dice.choice((1, 1, 2, 2, 3))))
    # In this order they begin, and end in reverse: nothing is asked of what is away.
    return [dice.choice(names) for subject, names in SUBJECTS.items() if subject in chosen]


@fault("people", "somebody loses an order")
async def access_lost(world: World) -> AsyncIterator[None]:
    """A contractor, who keeps another one, and follows both while others write."""
    world.guests += 1
    if world.guests % _GUESTS == 0:  # a team has so many members at most
        await world.renew()
    guest = await world.agency.another_contractor(f"Contractor {len(world.followers)}")
    given = {"personId": typed(guest)}
    for order in world.orders:
        start = await world.surely("addTeamMember", id=order, **given)
    orders = [ids.decode_as(Order, each, "") for each in world.orders]

    def may_know(entry: LogEntry) -> bool:
        return entry.order_id in orders and entry.kind in models.ACTIVITY

    followers = world.follow(guest, ACTIVITY, start, may_know)
    yield
    end = await world.surely("removeTeamMember", id=world.orders[0], **given)
    for each in followers:
        each.listener.loss = Loss(orders[0], Cursor.parse(end, "").seq)
    await world.see(10)
    for each in followers:
        each.is_done = True


@fault("servers", "a server is killed")
async def killed(world: World) -> AsyncIterator[None]:
    """SIGKILL; it is started anew at the end."""
    server = world.dice.choice(world.servers)
    await server.end(signal.SIGKILL)
    yield
    await server.start()


@fault("servers", "a server is replaced")
async def replaced(world: World) -> AsyncIterator[None]:
    """SIGTERM; it is started anew at the end."""
    server = world.dice.choice(world.servers)
    ending = asyncio.create_task(server.end(signal.SIGTERM))
    yield
    await ending
    await server.start()


@fault("servers", "a server stands still")
async def stopped(world: World) -> AsyncIterator[None]:
    """SIGSTOP, and SIGCONT at the end."""
    server = world.dice.choice(world.servers)
    server.signal(signal.SIGSTOP)
    yield
    server.signal(signal.SIGCONT)


@fault("Redis", "Redis is away")
async def redis_away(world: World) -> AsyncIterator[None]:
    """It ends, and is started at the end, empty."""
    world.valkey.stop()
    yield
    world.valkey.start()


@fault("Redis", "Redis hangs")
async def redis_hangs(world: World) -> AsyncIterator[None]:
    """It keeps its connections, and answers nothing."""
    async with Redis.from_url(world.valkey.url) as redis:
        process_id = (await redis.info("server"))["process_id"]
    os.kill(process_id, signal.SIGSTOP)
    yield
    os.kill(process_id, signal.SIGCONT)


@fault("Redis", "Redis is slow")
async def redis_slow(world: World) -> AsyncIterator[None]:
    """It answers late."""
    async with Redis.from_url(world.valkey.url) as redis:
        await redis.client_pause(1_500, all=True)
    yield


@fault("Redis", "connections to Redis are killed")
async def redis_cut(world: World) -> AsyncIterator[None]:
    """Those that listen and those that publish, at the begin and at the end."""
    for end in (False, True):
        async with Redis.from_url(world.valkey.url) as redis:
            for kind in ("pubsub", "normal"):
                await redis.client_kill_filter(_type=kind, skipme=True)
        if not end:
            yield


@fault("Redis", "Redis cuts off who does not read")
async def redis_overflows(world: World) -> AsyncIterator[None]:
    """A server stands still while more is published than Redis keeps for it."""
    server = world.dice.choice(world.servers)
    server.signal(signal.SIGSTOP)
    async with Redis.from_url(world.valkey.url) as redis:
        await redis.config_set("client-output-buffer-limit", "pubsub 1mb 1mb 1")
        for _ in range(_FLOOD):
            await redis.publish(f"log:{world.agency.organization.id}", bytes(_PIECE))
    yield
    server.signal(signal.SIGCONT)


@fault("Redis", "Redis tells old numbers")
async def redis_repeats(world: World) -> AsyncIterator[None]:
    """What was published is published again, in another order."""
    async with Redis.from_url(world.valkey.url) as redis:
        for _ in range(100):
            seq = world.dice.randint(0, world.written)
            await redis.publish(f"log:{world.agency.organization.id}", seq)
    yield


@fault("Postgres", "Postgres crashes")
async def postgres_crashes(world: World) -> AsyncIterator[None]:
    """It is killed, and recovers at the end."""
    world.postgres.stop()
    yield
    world.postgres.start()


@fault("Postgres", "connections to Postgres are cut")
async def postgres_cut(world: World) -> AsyncIterator[None]:
    """All of them, at any moment of what they do."""
    await world.agency.database.fetch(CUT)
    yield


@fault("clients", "clients lose their network")
async def clients_cut(world: World) -> AsyncIterator[None]:
    """Some connections end without a goodbye."""
    for way in world.ways:
        for link in list(way.links):
            if world.dice.randrange(3) == 0:
                link.cut()
    yield


@fault("clients", "clients are half-open")
async def clients_held(world: World) -> AsyncIterator[None]:
    """Some connections pass on nothing more, for ever: either side has to find out."""
    for way in world.ways:
        for link in list(way.links):
            if world.dice.randrange(6) == 0:
                link.hold()
    yield


@fault("clients", "clients do not read")
async def clients_slow(world: World) -> AsyncIterator[None]:
    """Some take nothing for a while."""
    slow = [each for each in world.followers if world.dice.randrange(4) == 0]
    for each in slow:
        each.reads.clear()
    yield
    for each in slow:
        each.reads.set()
