"""Faults by chance, from a seed: whatever happens, each client is told the log, once and in order.

Two processes over the same database and Redis. What they publish is lost, doubled and late; their
connections to Redis and Postgres are cut; Redis is started anew; clients leave at any moment and
resume at one process or the other; somebody loses an order meanwhile.
"""

import asyncio
import random
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from factories import Agency, typed
from graphql import OperationType
from planted_faults import BROKEN, Broken
from redis.asyncio import Redis
from told import Divergence, Listener, Loss

import models
import schema
from core import ids
from core.cursors import Cursor
from core.database import Database
from models import PERSONAL, Audience, LogEntry, Order, Person
from server.answers import Answer, answers
from server.embedded import Postgres, Valkey
from server.operations import Operation
from subscriptions.bus import Bus
from subscriptions.hub import Hub

LOG = "subscription ($after: Cursor) { log(after: $after) { type cursor } }"
FEED = """subscription ($id: ID!, $after: Cursor) {
  orderFeed(orderId: $id, after: $after) {
    type cursor entry { ... on Message { id } ... on Activity { id actor { id } } }
} }"""
ACTIVITY = "subscription ($after: Cursor) { activity(after: $after) { type cursor } }"
WRITERS, ACTIONS, PATIENCE_S = 4, 30, 100
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""


def anything(entry: LogEntry) -> bool:
    """What staff and admins may know: all of it."""
    return bool(entry)


def activity(entry: LogEntry) -> bool:
    """What one may know of the orders that one works on: here, of both."""
    return entry.kind in models.ACTIVITY and entry.order_id is not None


def about(order_id: UUID, audience: Audience | None = None) -> Callable[[LogEntry], bool]:
    """What one may know who follows an order."""
    return lambda e: e.order_id == order_id and audience in (None, e.audience)


class FaultyBus(Bus):
    """A bus of which some messages are lost, some doubled, and some late."""

    def __init__(self, url: str, dice: random.Random) -> None:
        super().__init__(url)
        self._dice = dice

    def publish(self, kind: str, key: object, number: int, more: bytes = b"") -> None:
        """Publish something, or not, or later, or twice."""
        for _ in range(self._dice.choice((0, 1, 1, 1, 2))):
            late = self._dice.choice((0, 0, self._dice.random() / 20))
            asyncio.get_running_loop().call_later(late, super().publish, kind, key, number, more)


@dataclass(eq=False)
class Client(Listener):
    """Somebody who follows the log, leaves now and then, and resumes."""

    def stream(
        self, agency: Agency, hand: Callable[[Answer], bool] | None
    ) -> AsyncGenerator[Answer, None]:
        """What a process tells from there on."""
        kind = OperationType.SUBSCRIPTION
        operation = Operation(self.document, self.variables, None, kind, is_persisted=False)
        return answers(schema.build(), operation, agency.context(self.person), "test", hand=hand)

    def hear(self, answer: Answer) -> str:
        """Note what is told, and what kind of event it is; a refusal is its code."""
        read = orjson.loads(answer.json)
        if answer.is_refusal:
            return str(read[0]["extensions"]["code"])
        assert "errors" not in read
        return self.take(read["data"])


@dataclass
class Run:
    """What happens."""

    processes: list[Agency]
    valkey: Valkey
    dice: random.Random
    order: str
    kept: str
    clients: list[Client]
    hands_out: bool = True
    acted: int = 0
    refused: set[str] = field(default_factory=set)
    is_over: bool = False
    is_final: bool = False

    async def surely(self, name: str, **given: Any) -> str:
        """Act, again if need be, until it is done; the place in the log after it."""
        given["idempotencyKey"] = str(uuid4())
        admin = self.processes[0].admin
        while (answer := await self.processes[0].do(admin, name, **given)).errors:
            pass
        cursor: str = answer[name]["cursor"]
        return cursor

    async def write(self) -> None:
        """Act again and again; now and then, something breaks."""
        for _ in range(ACTIONS):
            process = self.dice.choice(self.processes)
            if self.dice.randrange(3):
                given = {"orderId": self.order, "text": str(self.acted)}
                await process.do(process.staff, "postMessage", **given)
            else:
                status = self.dice.choice(("PENDING", "IN_PROGRESS", "COMPLETED"))
                order = self.dice.choice((self.order, self.kept))
                await process.do(process.admin, "setOrderStatus", id=order, status=status)
            self.acted += 1
            if self.acted % 9 == 0:
                await self.break_something()
            if self.acted == WRITERS * ACTIONS // 2:
                await self.lose(process.contractor)

    async def lose(self, person: Person) -> None:
        """Take an order from somebody who follows it."""
        cursor = await self.surely("removeTeamMember", id=self.order, personId=typed(person))
        loss = Loss(ids.decode_as(Order, self.order, ""), Cursor.parse(cursor, "").seq)
        for each in self.clients:
            if each.person is person:
                each.loss = loss

    async def break_something(self) -> None:
        """Cut connections, or start Redis anew."""
        match self.dice.randrange(4):
            case 0:
                await self.processes[0].database.fetch(CUT)
            case 1:
                self.valkey.stop()
                self.valkey.start()
            case _:
                async with Redis.from_url(self.valkey.url) as redis:
                    await redis.client_kill_filter(_type="pubsub")

    async def follow(self, client: Client) -> None:
        """Follow until all is told, leaving now and then."""
        while True:
            process, stays = self.dice.choice(self.processes), self.dice.randint(1, 25)
            is_last = self.is_final
            hand = partial(self.hand, client) if self.hands_out else None
            async with aclosing(client.stream(process, hand)) as stream:
                async for answer in stream:
                    kind = client.hear(answer)
                    stays -= 1
                    if kind == "READY" and is_last:
                        return
                    if kind not in ("CHANGE", "READY"):
                        self.refused.add(kind)
                    if not is_last and (self.is_over or not stays):
                        break

    def hand(self, client: Client, answer: Answer) -> bool:
        """Give a client something at once, if it can take it."""
        if self.is_over or not self.dice.randrange(5):
            return False
        client.hear(answer)
        return True

    async def run(self) -> None:
        """Until nothing more happens, and everybody was told all of it."""
        async with asyncio.TaskGroup() as group:
            for client in self.clients:
                group.create_task(self.follow(client))
            await asyncio.gather(*(self.write() for _ in range(WRITERS)))
            self.is_over = True
            for order in (self.order, self.kept):
                await self.surely("setPaymentStatus", id=order, paymentStatus="PAID")
            self.is_final = True

    async def check(self) -> None:
        """Each was told what they may know since they began, once and in order."""
        context = self.processes[0].context(self.processes[0].admin)
        found = await context.now(context.select(LogEntry).where(LogEntry.kind.not_in(PERSONAL)))
        entries = sorted(found, key=lambda each: each.seq)
        for client in self.clients:
            client.check(entries)


@pytest.fixture
async def begin(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> AsyncIterator[Callable[[int], Awaitable[Run]]]:
    """Begins a run from a seed."""
    async with AsyncExitStack() as stack:

        async def process(dice: random.Random) -> Agency:
            database = Database(postgres.url, pool_size=4)
            stack.push_async_callback(database.close)
            hub = Hub(database, FaultyBus(valkey.url, dice))
            await hub.start()
            stack.push_async_callback(hub.stop)
            return replace(agency, database=database, hub=hub)

        async def run(seed: int) -> Run:
            dice = random.Random(seed)  # noqa: S311 - chance for a test
            order, kept = await agency.book(), await agency.book()
            for each in (kept, order):
                given = {"id": each, "personId": typed(agency.contractor)}
                joined = await agency.do(agency.admin, "addTeamMember", **given)
            start = joined["addTeamMember"]["cursor"]
            staff, own = (
                (agency.admin, agency.manager, agency.staff),
                ids.decode_as(Order, order, ""),
            )
            clients = [
                *(Client(each, LOG, {}, start, anything) for each in (*staff, *staff)),
                *(Client(each, FEED, {"id": order}, start, about(own)) for each in staff),
                Client(agency.contractor, ACTIVITY, {}, start, activity),
                Client(agency.customer, FEED, {"id": order}, start, about(own, Audience.CUSTOMER)),
            ]
            processes = [await process(dice) for _ in range(2)]
            return Run(processes, valkey, dice, order, kept, clients)

        yield run


async def checked(run: Run) -> None:
    """Let it happen, and check what everybody was told."""
    async with asyncio.timeout(PATIENCE_S):
        await run.run()
    await run.check()


@pytest.mark.parametrize("seed", range(3))
async def test_everybody_is_told_everything_once_and_in_order(
    begin: Callable[[int], Awaitable[Run]], seed: int
) -> None:
    run = await begin(seed)
    await checked(run)
    assert run.refused <= {"UNAVAILABLE", "INTERNAL"}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
async def test_a_broken_part_is_found_out(
    begin: Callable[[int], Awaitable[Run]], monkeypatch: pytest.MonkeyPatch, broken: Broken
) -> None:
    run = await begin(0)
    run.hands_out = broken.by_hand
    for owner, method, replacement in broken.parts:
        monkeypatch.setattr(owner, method, replacement(getattr(owner, method)))
    with pytest.raises((Divergence, ExceptionGroup)) as found:
        await checked(run)
    assert re.search(broken.found, "; ".join(map(str, differences(found.value))))


def differences(error: BaseException) -> list[Divergence]:
    """The differences that were found, if nothing else went wrong."""
    if isinstance(error, ExceptionGroup):
        return [found for each in error.exceptions for found in differences(each)]
    assert isinstance(error, Divergence), error
    return [error]
