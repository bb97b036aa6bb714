"""The head of every log that somebody in this process follows."""

import asyncio
import logging
import math
import random
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from core import doors
from core.database import Database
from core.outages import Outage
from subscriptions.bus import Bus, Listener
from subscriptions.rooms import Rooms
from subscriptions.tail import Diverged, Tails

CHECK_S = 2.0  # how late a number can be that was published in vain
POLL_S = 0.1  # the same while Redis is away
QUERY_TIMEOUT_S = 5
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2

_KIND = "log"

logger = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Subscriber:
    """One who follows a log."""

    told: int = -1
    ready: bool = False  # the database was asked after it had come
    diverged: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False, slots=True)
class Topic:
    """A log that somebody follows, as far as it is known here."""

    head: int = 0
    heard: bool = False  # Redis has confirmed that we hear of it
    subscribers: set[Subscriber] = field(default_factory=set)

    def rise(self, head: int) -> None:
        """Note a number that the log has reached."""
        if head > self.head:
            self.head = head
            for each in self.subscribers:
                each.news.set()

    def fall(self, head: int) -> None:
        """Note that the log ends earlier than it did."""
        self.head = head
        for each in self.subscribers:
            if each.told > head:
                each.diverged = True
                each.news.set()


@dataclass(frozen=True, slots=True)
class Question:
    """What was known of a log, and who waited, before the database was asked."""

    topic: Topic
    head: int
    waiting: tuple[Subscriber, ...]

    def answer(self, head: int) -> None:
        """Tell what the database said."""
        if head < self.head:
            logger.error("A log that had reached %d ends with %d", self.head, head)
            self.topic.fall(head)
        self.topic.rise(head)
        for each in self.waiting:
            if not each.ready:
                each.ready = True
                each.news.set()


class Hub:
    """Wakes those who follow a log: by Redis at once, by the database at the latest."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self.tails = Tails(database, self.heads)
        self.rooms = Rooms(bus)
        self._database = database
        self._bus = bus
        self._topics: dict[UUID, Topic] = {}
        self._due: set[UUID] = set()
        self._check_all_at = 0.0
        self._woken = asyncio.Event()
        self.late = 0
        """How many entries the database told of before Redis did."""
        self._checked_at = time.monotonic()
        self._stopped = False
        self._checker: asyncio.Task[None] | None = None

    @property
    def topics(self) -> int:
        """The number of logs that somebody follows."""
        return len(self._topics)

    @property
    def subscribers(self) -> int:
        """The number of those who follow a log."""
        return sum(len(topic.subscribers) for topic in self._topics.values())

    @property
    def checked_ago(self) -> float:
        """The seconds since all logs that are followed were known; 0 if none is."""
        return time.monotonic() - self._checked_at if self._topics else 0

    async def start(self) -> None:
        """Begin, even if neither Redis nor the database can be reached."""
        self._bus.listen(_KIND, Listener(self._hear, self._fence, self._lose))
        self._bus.start()
        self._checker = asyncio.create_task(self._check_forever())

    async def stop(self) -> None:
        """End every `heads`, and disconnect."""
        self._stopped = True
        for topic in self._topics.values():
            for each in topic.subscribers:
                each.news.set()
        if self._checker:
            self._checker.cancel()
            await asyncio.wait([self._checker])
        self.rooms.stop()
        await self._bus.stop()

    def announce(self, organization_id: UUID, seq: int) -> None:
        """Tell every process, without waiting, that the log has reached `seq`."""
        self._rise(organization_id, seq)
        self._bus.publish(_KIND, organization_id, seq)

    def posted(self, organization_id: UUID, order_id: UUID, person_id: UUID) -> None:
        """Tell those who see somebody type on an order, without waiting, that they have."""
        self.rooms.end_typing((organization_id, order_id), person_id)

    async def heads(self, organization_id: UUID) -> AsyncGenerator[int, None]:
        """The number of the log's last entry: now, and whenever it has grown.

        `Diverged` if the log has become shorter than it was told to be.
        """
        subscriber = Subscriber()
        topic = self._join(organization_id, subscriber)
        try:
            while not self._stopped:
                await subscriber.news.wait()
                subscriber.news.clear()
                if subscriber.diverged:
                    raise Diverged
                if subscriber.ready and topic.head > subscriber.told:
                    subscriber.told = topic.head
                    yield topic.head
        finally:
            self._leave(organization_id, subscriber)

    def _join(self, organization_id: UUID, subscriber: Subscriber) -> Topic:
        topic = self._topics.get(organization_id)
        if topic is None:
            if not self._topics:
                self._checked_at = time.monotonic()
            topic = self._topics[organization_id] = Topic()
            self._bus.subscribe(_KIND, organization_id)
        topic.subscribers.add(subscriber)
        if self._settled(topic):
            self._ask(organization_id)
        return topic

    def _leave(self, organization_id: UUID, subscriber: Subscriber) -> None:
        topic = self._topics[organization_id]
        topic.subscribers.remove(subscriber)
        if not topic.subscribers:
            del self._topics[organization_id]
            self._bus.unsubscribe(_KIND, organization_id)

    def _settled(self, topic: Topic) -> bool:
        """True if what is published from now on is heard, or found by polling."""
        return topic.heard or not self._bus.connected

    def _rise(self, organization_id: UUID, seq: int) -> None:
        if topic := self._topics.get(organization_id):
            topic.rise(seq)

    def _hear(self, key: str, seq: int, _more: bytes) -> None:
        self._rise(UUID(key), seq)

    def _fence(self, key: str) -> None:
        organization_id = UUID(key)
        if topic := self._topics.get(organization_id):
            topic.heard = True
            self._ask(organization_id)

    def _lose(self) -> None:
        for topic in self._topics.values():
            topic.heard = False
        self._check_all_at = 0
        self._woken.set()

    def _ask(self, organization_id: UUID) -> None:
        self._due.add(organization_id)
        self._woken.set()

    async def _check_forever(self) -> None:
        """Asks the database for heads, one query at a time."""
        clock = asyncio.get_running_loop().time
        outage = Outage("The head check")
        pause: float = FIRST_PAUSE_S
        while not self._stopped:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._check_all_at):
                    await self._woken.wait()
            self._woken.clear()
            everything = clock() >= self._check_all_at
            due, self._due = self._due, set()
            if everything:
                due |= self._topics.keys()
                self._check_all_at = math.inf
            try:
                if questions := self._questions(due):
                    await self._check(questions)
                    self._checked_at = time.monotonic()
                    outage.end()
                    pause = FIRST_PAUSE_S
            except Exception as error:  # noqa: BLE001 - nothing may end the task
                outage.begin(error)
                self._due |= due
                self._woken.set()
                await asyncio.sleep(_about(pause))
                pause = min(pause * 2, LONGEST_PAUSE_S)
            next_at = clock() + _about(CHECK_S if self._bus.connected else POLL_S)
            self._check_all_at = min(self._check_all_at, next_at)  # `_lose` may have been sooner

    def _questions(self, due: set[UUID]) -> dict[UUID, Question]:
        """What to ask the database, by organization."""
        questions = {}
        for organization_id in due & self._topics.keys():
            topic = self._topics[organization_id]
            waiting = topic.subscribers if self._settled(topic) else ()
            questions[organization_id] = Question(topic, topic.head, tuple(waiting))
        return questions

    async def _check(self, questions: dict[UUID, Question]) -> None:
        async with asyncio.timeout(QUERY_TIMEOUT_S):
            heads = await doors.heads(self._database, list(questions))
        for organization_id, question in questions.items():
            head = heads.get(organization_id, 0)
            if 0 < question.topic.head < head:
                self.late += head - question.topic.head
            question.answer(head)


def _about(seconds: float) -> float:
    """A time near `seconds`, so that processes do not ask all at once."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - it guards nothing
