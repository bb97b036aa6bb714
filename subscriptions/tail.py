"""The tail of a log: its newest entries, read once by a process for all who follow it."""

import asyncio
from collections import defaultdict, deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Hashable,
    Iterator,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager, contextmanager
from functools import cache
from typing import TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select

from core.cursors import Cursor
from core.database import Database
from core.errors import Unavailable
from core.outages import AWAY, Outage
from core.records import select_records
from core.statements import Statement, prepare
from models import Assignment, LogEntry, Order
from subscriptions.groups import Group, Item

_KEPT = 256
_PAGE = 500
_PAGES_AT_ONCE = 8  # for those who are further behind
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2
_ATTEMPTS = 10

T = TypeVar("T")
Heads: TypeAlias = Callable[[UUID], AsyncGenerator[int, None]]


class Diverged(Exception):
    """The log is not the one that was told of: the database has lost commits."""


class Tail:
    """The newest entries of an organization's log, in order and without gaps."""

    def __init__(self, organization_id: UUID, database: Database, heads: Heads) -> None:
        self.organization_id = organization_id
        self.followers = 0
        self.position = -1
        """The number of the last entry that was read; -1 before any was looked for."""
        self._database = database
        self._heads = heads
        self._items: deque[Item] = deque(maxlen=_KEPT)
        self._last_of_order: dict[UUID | None, int] = {}
        self._last_forgotten = 0
        self._groups: dict[Hashable, Group] = {}
        self._concerned: dict[UUID | None, set[Group]] = defaultdict(set)
        """The groups that want an order's entries only; under None, those of any order."""
        self._touched: set[Group] = set()
        self.ended = False
        self._progress = asyncio.Event()
        self._reader = asyncio.create_task(self._read_forever())

    async def stop(self) -> None:
        """Read no more."""
        self._reader.cancel()
        await asyncio.wait([self._reader])

    def check(self) -> None:
        """Nothing, as long as this is the log that was told of; else `Unavailable`."""
        if self.ended:
            raise Unavailable("The log has to be read anew: subscribe again.")

    async def reach(self) -> int:
        """The log's last number now, when all up to it was read."""
        async with aclosing(self._heads(self.organization_id)) as heads:
            head = await anext(heads, None)
        while head is None or self.position < head:
            self.check()
            await self._progress.wait()
        return head

    @contextmanager
    def joined(
        self, key: Hashable, make: Callable[[], Group], *, from_now: bool
    ) -> Iterator[Group]:
        """The group of a key, with one more member while the block lasts.

        A new one knows the newest entries already, or none before now.
        """
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = make()
            known = () if from_now else self._items
            group.begin(self.position - len(known), known)
            for order_id in group.order_ids:
                self._concerned[order_id].add(group)
        group.members += 1
        try:
            yield group
        finally:
            group.members -= 1
            if not group.members:
                self._forget(key)

    def place(self, seq: int) -> Cursor | None:
        """The place after entry number `seq`, if it is among the newest."""
        behind = self.position - seq
        if not 0 <= behind < len(self._items):
            return None
        item = self._items[-1 - behind]
        return Cursor.at(self.organization_id, seq, item.entry.id)

    def version(self, order_id: UUID | None) -> int:
        """A number that grows with each entry about an order."""
        return self._last_of_order.get(order_id, self._last_forgotten)

    async def _read_forever(self) -> None:
        """Follows the log's head, and waits for the database whenever it is away."""
        outage = Outage("Reading the log")
        pause: float = _FIRST_PAUSE_S
        try:
            while not self.ended:
                try:
                    async with aclosing(self._heads(self.organization_id)) as heads:
                        async for head in heads:
                            await self._read_up_to(head)
                            outage.end()
                            pause = _FIRST_PAUSE_S
                    self.ended = True
                except Diverged:
                    self.ended = True
                except Exception as error:  # noqa: BLE001 - nothing else may end it
                    outage.begin(error)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE_S)
        finally:
            self.ended = True
            self._tell()

    async def _read_up_to(self, head: int) -> None:
        """Take in all entries up to number `head`; `Diverged` if they don't go on from the last."""
        if self.position < 0:
            self._items.extend(await self._read(head - _KEPT, head))
            self.position = self._items[-1].seq if self._items else 0
        while self.position < head:
            newer = await self._read(self.position - 1, head)
            if self._items and not (newer and newer[0].entry.id == self._items[-1].entry.id):
                raise Diverged
            newer = [item for item in newer if item.seq > self.position]
            if not newer:
                break  # the number is of no log that there is: the next look at it will tell
            for item in newer:
                self._take(item)
        self._tell()

    def _take(self, item: Item) -> None:
        if item.seq != self.position + 1:
            raise Diverged
        self.position = item.seq
        self._items.append(item)
        self._last_of_order[item.entry.order_id] = item.seq
        if len(self._last_of_order) > 2 * _KEPT:
            self._last_of_order = {each.entry.order_id: each.seq for each in self._items}
            self._last_forgotten = self._items[0].seq
        for order_id in {item.entry.order_id, None}:
            for group in self._concerned.get(order_id, ()):
                if group.offer(item):
                    self._touched.add(group)

    def _forget(self, key: Hashable) -> None:
        group = self._groups.pop(key)
        for order_id in group.order_ids:
            self._concerned[order_id].discard(group)
            if not self._concerned[order_id]:
                del self._concerned[order_id]
        self._touched.discard(group)
        group.close()

    def _tell(self) -> None:
        """Wake those who wait, if there is something for them."""
        self._progress.set()
        self._progress = asyncio.Event()
        touched, self._touched = self._touched, set()
        for group in self._groups.values() if self.ended else touched:
            group.wake(at_the_end=self.ended)

    async def _read(self, after: int, head: int) -> Sequence[Item]:
        """The entries after number `after`, up to number `head`, or the first of them."""
        statement, agency = _entries(), self.organization_id
        arguments = statement.arguments({"agency": agency, "after": after, "head": head})
        found = await self._database.fetch(statement.sql, *arguments, within=agency)
        return [
            Item(entry.seq, entry, frozenset([*(workers or ()), customer_id]))
            for entry, workers, customer_id in statement.shape.rows(found)
        ]


class Tails:
    """The tails of all logs that somebody in this process follows."""

    def __init__(self, database: Database, heads: Heads) -> None:
        self.paging = asyncio.Semaphore(_PAGES_AT_ONCE)
        """For those who read what no tail has: many may come back at once."""
        self._outage = Outage("Telling what is in the log")
        self._database = database
        self._heads = heads
        self._tails: dict[UUID, Tail] = {}

    async def patiently(self, read: Callable[[], Awaitable[T]]) -> T:
        """What is read, also if the database goes away meanwhile and comes back soon."""
        pause: float = _FIRST_PAUSE_S
        for _ in range(_ATTEMPTS - 1):
            try:
                found = await read()
            except AWAY as error:
                self._outage.begin(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
            else:
                self._outage.end()
                return found
        return await read()

    @asynccontextmanager
    async def follow(self, organization_id: UUID) -> AsyncIterator[Tail]:
        """The tail of a log; it is read until the last who follows it has left."""
        tail = self._tails.get(organization_id)
        if tail is None or tail.ended:
            tail = Tail(organization_id, self._database, self._heads)
            self._tails[organization_id] = tail
        tail.followers += 1
        try:
            yield tail
        finally:
            tail.followers -= 1
            if not tail.followers:
                if self._tails.get(organization_id) is tail:
                    del self._tails[organization_id]
                await tail.stop()


@cache
def _entries() -> Statement:
    """A page of the log between two numbers, and who sees each order without being staff."""
    same = LogEntry.organization_id
    workers = (
        select(func.array_agg(Assignment.person_id, type_=ARRAY(Uuid)))
        .where(Assignment.organization_id == same, Assignment.order_id == LogEntry.order_id)
        .scalar_subquery()
    )
    customer = (
        select(Order.customer_id)
        .where(Order.organization_id == same, Order.id == LogEntry.order_id)
        .scalar_subquery()
    )
    number = LogEntry.seq.type
    wanted = select_records(LogEntry, workers, customer).where(
        same == bindparam("agency", type_=Uuid()),
        LogEntry.seq > bindparam("after", type_=number),
        LogEntry.seq <= bindparam("head", type_=number),
    )
    return prepare(wanted.order_by(LogEntry.seq).limit(_PAGE))
