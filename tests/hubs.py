"""Hubs as processes have them, and what they log."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Self
from uuid import UUID

from redis.asyncio import Redis
from storage import session_of

from core import log
from core.database import Database
from models import Audience, Kind, LogEntry, LogHead, Organization, new_id
from subscriptions.bus import Bus
from subscriptions.hub import Hub

NEVER_S = 3600.0
PATIENCE_S = 15
NOWHERE = "redis://127.0.0.1:1/0"


class Process:
    """What one server process has: own connections, own bus, own hub."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self.database = Database(database_url, pool_size=2)
        self.bus = Bus(redis_url)
        self.hub = Hub(self.database, self.bus)

    async def __aenter__(self) -> Self:
        await self.hub.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.hub.stop()
        await self.database.close()
        assert (self.hub.topics, self.hub.subscribers) == (0, 0)

    async def organizations(self, count: int) -> list[UUID]:
        """New organizations with empty logs."""
        ids = [new_id() for _ in range(count)]
        async with session_of(self.database) as session:
            session.add_all(Organization(id=each, name="Elm Street Media") for each in ids)
            await session.flush()
            session.add_all(LogHead(organization_id=each, last_seq=0) for each in ids)
        return ids

    async def commit(self, organization_id: UUID, *, told: bool = True) -> int:
        """The number of a new entry, which nobody is told of if the process dies after it."""
        entry = LogEntry(
            organization_id=organization_id,
            id=new_id(),
            kind=Kind.MESSAGE_POSTED,
            subject_type="msg",
            subject_id=new_id(),
            audience=Audience.STAFF,
            params={},
        )
        async with self.database.transaction() as transaction:
            await log.append(transaction, [entry])
        if told:
            self.hub.announce(organization_id, entry.seq)
        return entry.seq


class Notes(logging.Handler):
    """What the hub and the bus have logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.more = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Note a line."""
        self.lines.append(record.getMessage())
        self.more.set()

    def about(self, words: str) -> int:
        """The number of lines with these words."""
        return sum(words in line for line in self.lines)

    async def mention(self, words: str) -> None:
        """Wait for a line with these words."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.about(words):
                self.more.clear()
                await self.more.wait()


async def reach(heads: AsyncGenerator[int, None], seq: int) -> list[int]:
    """The numbers that are told until `seq`, which must come and is the last there is."""
    told: list[int] = []
    async with asyncio.timeout(PATIENCE_S):
        while not told or told[-1] < seq:
            told.append(await anext(heads))
    assert told == sorted(set(told))
    assert told[-1] == seq
    return told


async def listeners(redis: Redis, organization_id: UUID, count: int) -> None:
    """Wait until this many processes hear of the organization."""
    async with asyncio.timeout(PATIENCE_S):
        while (await redis.pubsub_numsub(f"log:{organization_id}"))[0][1] != count:
            pass


def tasks() -> set[str]:
    """The tasks of all hubs and buses."""
    names = {str(each.get_coro()) for each in asyncio.all_tasks()}
    return {each for each in names if "Hub." in each or "Bus." in each}
