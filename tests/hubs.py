"""Hubs as processes have them, and what they log: the fixtures of their tests."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Self
from uuid import UUID

import pytest
from redis.asyncio import Redis
from storage import session_of

import subscriptions.bus
import subscriptions.hub
from core import log
from core.database import Database
from models import Audience, Kind, LogEntry, LogHead, Organization, new_id
from server.embedded import Valkey
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
        async with self.database.transaction(organization_id) as transaction:
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


@pytest.fixture
async def no_task_is_left() -> AsyncIterator[None]:
    """The hubs and buses of the test have ended when it ends."""
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
