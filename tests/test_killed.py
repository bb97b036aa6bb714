"""A process that is killed at an action: what was committed is answered, the rest never was."""

import asyncio
import signal
from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from arguments_walk import doors
from databases import Both
from effects import at_the_end, entries, growth, head, rows, sent, until_waiting
from factories import visiting
from processes import SECONDS, START_S, Process
from scene import CALLS, Scene
from signing_in import VISITS
from watched import Watched, watched

from core.cursors import Cursor
from core.database import Database
from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub

UNANSWERED = """
import asyncio
import schema
from subscriptions.hub import Hub

execute = schema.Schema.execute

async def unanswered(*asked, **more):
    await execute(*asked, **more)
    await asyncio.Event().wait()

schema.Schema.execute = unanswered
Hub.announce = lambda *_: None
"""
"""Of a process that tells nobody what it has done: neither who asks, nor other processes."""
FEED = "subscription { activity { type activity { kind } } }"
KEY = "killed"
NOBODY = "no token"
KEPT = "SELECT count(*) FROM idempotency_records WHERE key = $1"


@dataclass
class Killed:
    """A mutation that a process has committed, before it was killed."""

    name: str
    scene: Scene
    given: dict[str, Any]
    before: Counter[tuple[str, str]]
    head: int

    @classmethod
    async def of(cls, name: str, database: Database, hub: Hub) -> "Killed":
        """One that will be asked, in an agency of its own."""
        scene = await Scene.make(database, hub)
        given = {**CALLS[name](scene), "idempotencyKey": KEY}
        return cls(name, scene, given, await rows(scene), await head(scene))

    async def ask(self, server: Process) -> Any:
        """All that its payload says."""
        return await sent(server, self.scene, self.name, self.given)

    async def lose(self, doomed: Process) -> None:
        """Ask a process that will be killed before it answers."""
        with pytest.raises(httpx2.TransportError):
            await self.ask(doomed)


@dataclass
class Visit:
    """A mutation of a visitor, which takes no key; and what they do when it was not answered."""

    name: str
    scene: Scene
    given: dict[str, str]
    then: tuple[str, dict[str, str]]
    before: Counter[tuple[str, str]]

    @classmethod
    async def of(cls, name: str, database: Database, hub: Hub) -> "Visit":
        """One of somebody in an agency of their own."""
        scene = await Scene.make(database, hub)
        given, then = await VISITS[name](scene.agency)
        return cls(name, scene, given, then, await rows(scene))

    async def lose(self, doomed: Process) -> None:
        """Ask a process that will be killed before it answers."""
        with pytest.raises(httpx2.TransportError):
            await doomed.ask(NOBODY, visiting(self.name), input=self.given)

    async def until_done(self) -> None:
        """Until something of the agency has changed."""
        async with asyncio.timeout(START_S):
            while await rows(self.scene) == self.before:
                pass

    async def go_on(self, server: Process) -> None:
        """Do what is to be done then, which must succeed."""
        name, given = self.then
        assert (await server.ask(NOBODY, visiting(name), input=given))[name]


async def until_kept(database: Both, count: int) -> None:
    """Until so many mutations have been committed."""
    async with asyncio.timeout(START_S):
        while (await database.owner.fetch(KEPT, KEY))[0]["count"] != count:
            pass


@pytest.mark.timeout(240)  # so many agencies are made
async def test_killed_between_commit_and_answer(
    postgres: Postgres, valkey: Valkey, database: Both, hub: Hub, server: Watched
) -> None:
    """Every mutation at once: each is done, and is answered by another process to the same key."""
    killed = [await Killed.of(name, database, hub) for name in CALLS]
    visits = [await Visit.of(name, database, hub) for name in doors()]
    lost: list[Killed | Visit] = [*killed, *visits]
    first = killed[0]
    async with server.socket(first.scene.agency.staff) as follower:
        await follower.subscribe("1", FEED)
        assert (await follower.event("1"))["type"] == "READY"
        async with watched(postgres.url, valkey.url, first=UNANSWERED) as doomed:
            doomed.patience = START_S
            async with asyncio.TaskGroup() as tasks:
                asked = [tasks.create_task(each.lose(doomed)) for each in lost]
                await until_kept(database, len(killed))
                for visit in visits:
                    await visit.until_done()
                assert not [each for each in asked if each.done()]
                assert await doomed.end(signal.SIGKILL) == -signal.SIGKILL
        for each in killed:
            await answered_once(each, server)
        for visit in visits:
            await visit.go_on(server)
        for _ in range(growth(first.before, await rows(first.scene))["log_entries"]):
            assert (await follower.event("1"))["type"] == "CHANGE"


async def answered_once(killed: Killed, server: Watched) -> None:
    """It was done, and the same key is answered with it; its secret was told to nobody."""
    committed, scene = await rows(killed.scene), killed.scene
    grown = growth(killed.before, committed)
    assert grown["idempotency_records"] == 1, killed.name
    *_, last = await entries(scene, 0)
    answer = await killed.ask(server)
    assert answer["cursor"] == str(Cursor.at(last.organization_id, last.seq, last.id))
    assert answer.get("secret") is None
    assert answer == await killed.ask(server)
    assert await rows(scene) == committed, killed.name
    assert last.seq == killed.head + grown["log_entries"], killed.name


async def test_killed_before_the_commit(
    scene: Scene, postgres: Postgres, valkey: Valkey, server: Watched, database: Database
) -> None:
    given = {**CALLS["postMessage"](scene), "idempotencyKey": "uncommitted"}
    before = await rows(scene)
    async with watched(postgres.url, valkey.url) as doomed, asyncio.timeout(SECONDS):
        async with at_the_end(scene):
            asked = asyncio.create_task(sent(doomed, scene, "postMessage", given))
            await until_waiting(database, 1)
            await doomed.end(signal.SIGKILL)
            with pytest.raises(httpx2.TransportError):
                await asked
            assert await rows(scene) == before
            retry = asyncio.create_task(sent(server, scene, "postMessage", given))
            await until_waiting(database, 2)
        answer = await retry
    grown = growth(before, await rows(scene))
    assert (grown["messages"], grown["idempotency_records"]) == (1, 1)
    assert (await sent(server, scene, "postMessage", given)) == answer
