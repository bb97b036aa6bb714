"""Those who are at an order, and what they are told of each other."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from factories import Agency, Answer, typed
from following import SECONDS
from hubs import Process

from core.database import Database
from models import Person
from server.embedded import Valkey

PRESENCE = """subscription ($order: ID!, $hidden: Boolean) {
  orderPresence(orderId: $order, hidden: $hidden) {
    total people { person { name } isTyping orderService { name } }
} }"""
TYPING = """mutation ($input: SignalTypingInput!) { signalTyping(input: $input) { seconds } }"""


def seen(event: Any) -> dict[str, str]:
    """Who is there by name, and what they do."""
    return {each["person"]["name"]: _doing(each) for each in event["people"]}


def _doing(each: Any) -> str:
    if not each["isTyping"]:
        return "here"
    service = each["orderService"]
    return f"types about {service['name']}" if service else "types"


@dataclass
class Presence:
    """What somebody has been told."""

    told: list[dict[str, str]] = field(default_factory=list)
    errors: list[Any] = field(default_factory=list)
    ended: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def now(self) -> dict[str, str] | None:
        """What they were told last."""
        return self.told[-1] if self.told else None

    async def until(self, check: Callable[[], object]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(SECONDS):
            while not check():
                self._news.clear()
                await self._news.wait()

    async def sees(self, **people: str) -> None:
        """Wait until these are there, by their first names."""
        await self.until(lambda: _first_names(self.now or {}) == people)

    async def collect(self, answers: AsyncIterator[Answer]) -> None:
        """Take what is told until it ends."""
        async for answer in answers:
            if answer.errors:
                self.errors += answer.errors
            else:
                event = answer["orderPresence"]
                self.told.append(seen(event))
            self._news.set()
        self.ended = True
        self._news.set()


def _first_names(people: dict[str, str]) -> dict[str, str]:
    return {name.split()[0]: doing for name, doing in people.items()}


@asynccontextmanager
async def present(
    agency: Agency, by: Person, order: str, *, hidden: bool | None = None
) -> AsyncIterator[Presence]:
    """Somebody who is at an order during the block."""
    presence = Presence()
    async with agency.watch(by, PRESENCE, order=order, hidden=hidden) as answers:
        task = asyncio.create_task(presence.collect(answers))
        try:
            yield presence
        finally:
            task.cancel()
            await asyncio.wait([task])


async def types(agency: Agency, by: Person, order: str, **given: Any) -> Answer:
    """What is answered to somebody who says to type."""
    return await agency.ask(by, TYPING, input={"orderId": order, **given})


async def service_of(agency: Agency, order: str) -> dict[str, str]:
    """A service of an order: its id and its name."""
    found = "query ($id: ID!) { order(id: $id) { services { id name } } }"
    service: dict[str, str]
    service, *_ = (await agency.ask(agency.admin, found, id=order))["order"]["services"]
    return service


async def joins(agency: Agency, order: str) -> None:
    """The contractor works on an order."""
    given = {"id": order, "personId": typed(agency.contractor)}
    await agency.do(agency.admin, "addTeamMember", **given)


async def loses(agency: Agency, order: str) -> None:
    """The contractor works on it no more, and sees it no more."""
    given = {"id": order, "personId": typed(agency.contractor)}
    await agency.do(agency.admin, "removeTeamMember", **given)


@pytest.fixture
async def order(agency: Agency) -> str:
    """An order on which the contractor works."""
    order = await agency.book()
    await joins(agency, order)
    return order


@pytest.fixture
async def elsewhere(agency: Agency, database: Database, valkey: Valkey) -> AsyncIterator[Agency]:
    """The same agency, served by another process."""
    async with Process(database.url, valkey.url) as process:
        yield replace(agency, database=process.database, hub=process.hub)
