"""Rooms of several processes: whatever is lost, all come to know who is where."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from server.embedded import Valkey
from subscriptions import bus, room, rooms
from subscriptions.bus import Bus
from subscriptions.room import PresentPerson, Room, Told, View
from subscriptions.rooms import Place, Rooms, Watcher

PATIENCE_S = 30
PEOPLE = sorted(UUID(int=i) for i in range(6))
SERVICE = uuid4()


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less to wait for; and a machine that is busy with tests is not taken for an outage."""
    monkeypatch.setattr(rooms, "PACE_S", 0.01)
    monkeypatch.setattr(rooms, "BEAT_S", 0.2)
    monkeypatch.setattr(rooms, "GRACE_S", 0.05)
    monkeypatch.setattr(room, "LOST_S", 1)
    monkeypatch.setattr(room, "TYPING_S", 1)
    monkeypatch.setattr(bus, "PUBLISH_TIMEOUT_S", PATIENCE_S)


@dataclass
class Process:
    """What a process has, and who is in its room."""

    bus: Bus
    rooms: Rooms
    place: Place
    here: list[tuple[UUID, ExitStack]] = field(default_factory=list)
    is_dead: bool = False

    @classmethod
    def start(cls, url: str, place: Place) -> "Process":
        """A process that has just begun."""
        bus = Bus(url)
        process = cls(bus, Rooms(bus), place)
        bus.start()
        return process

    def enter(self, person: UUID) -> Watcher:
        """Somebody comes."""
        stack = ExitStack()
        watcher = stack.enter_context(self.rooms.watched(self.place, person))
        watcher.come()
        self.here.append((person, stack))
        return watcher

    def leave(self, number: int) -> None:
        """Somebody goes."""
        _, stack = self.here.pop(number)
        stack.close()

    def die(self) -> None:
        """Tell nothing more, as after `kill -9`."""
        self.bus.publish = lambda *_: None  # type: ignore[method-assign] # a process is killed so
        self.is_dead = True

    async def stop(self) -> None:
        """End, and leave nothing behind."""
        while self.here:
            self.leave(0)
        self.rooms.stop()
        await self.bus.stop()


@pytest.fixture
def place() -> Place:
    """An order."""
    return uuid4(), uuid4()


@pytest.fixture
async def processes(valkey: Valkey, place: Place) -> AsyncIterator[list[Process]]:
    """Three of them, and those that a test adds."""
    started = [Process.start(valkey.url, place) for _ in range(3)]
    yield started
    for each in started:
        await each.stop()


async def sees(watcher: Watcher, wanted: set[UUID]) -> None:
    """Wait until a watcher is told of these people, none of whom types."""
    people = tuple(PresentPerson(each) for each in sorted(wanted))
    async with asyncio.timeout(PATIENCE_S):
        while watcher.view(anew=False) != View(people, len(people)):
            await watcher.news()


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_all_see_in_the_end_who_is_there(
    processes: list[Process], valkey: Valkey, place: Place, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - chance for a test
    async with Redis.from_url(valkey.url) as redis:
        for _ in range(60):
            alive = [each for each in processes if not each.is_dead]
            process, person = dice.choice(alive), dice.choice(PEOPLE)
            match dice.randrange(8):
                case 0 | 1 | 2:
                    process.enter(person)
                case 3 | 4 if process.here:
                    process.leave(dice.randrange(len(process.here)))
                case 5:
                    process.rooms.begin_typing(place, person, dice.choice((None, SERVICE)))
                case 6:
                    process.rooms.end_typing(place, person)
                case 7 if dice.randrange(2):
                    await redis.client_kill_filter(_type="pubsub")
                case 7 if len(alive) > 1:
                    process.die()
                    processes.append(Process.start(valkey.url, place))
            await asyncio.sleep(dice.choice((0, 0, 0.02)))
    alive = [each for each in processes if not each.is_dead]
    watchers = [each.enter(PEOPLE[0]) for each in alive]
    wanted = {person for each in alive for person, _ in each.here}
    await asyncio.gather(*(sees(each, wanted) for each in watchers))


async def test_a_restart_of_redis_loses_nobody_for_long(
    processes: list[Process], valkey: Valkey
) -> None:
    watchers = [each.enter(person) for each, person in zip(processes, PEOPLE, strict=False)]
    wanted = set(PEOPLE[: len(processes)])
    await asyncio.gather(*(sees(each, wanted) for each in watchers))
    valkey.stop()
    try:
        processes[0].leave(0)
        await sees(watchers[1], {PEOPLE[1]})
    finally:
        valkey.start()
    await asyncio.gather(*(sees(each, wanted - {PEOPLE[0]}) for each in watchers[1:]))


async def test_nothing_is_left_when_all_have_gone(
    processes: list[Process], place: Place, valkey: Valkey
) -> None:
    async with Redis.from_url(valkey.url) as redis:
        channel = "presence:{}:{}".format(*place)
        for each in processes:
            for person in PEOPLE:
                each.enter(person)
                each.rooms.begin_typing(place, person, None)
        async with asyncio.timeout(PATIENCE_S):
            while await redis.pubsub_numsub(channel) != [(channel.encode(), len(processes))]:
                pass
        for each in processes:
            while each.here:
                each.leave(0)
        async with asyncio.timeout(PATIENCE_S):
            while await redis.pubsub_numsub(channel) != [(channel.encode(), 0)]:
                pass
    assert [(each.rooms.open, each.rooms.watchers) for each in processes] == [(0, 0)] * 3


async def test_what_can_not_be_read_does_no_harm(
    processes: list[Process], valkey: Valkey, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = processes[0].enter(PEOPLE[0])
    await sees(watcher, {PEOPLE[0]})
    async with Redis.from_url(valkey.url) as redis:
        for garbage in (b"", b"x", b"1", b"2 {}", b'3 {"process": 1}', b"\xff"):
            await redis.publish("presence:{}:{}".format(*place), garbage)
    other = processes[1].enter(PEOPLE[1])
    for each in (watcher, other):
        await sees(each, set(PEOPLE[:2]))
    assert processes[0].bus.connected
    assert "Nothing that can be read" in caplog.text


def act(dice: random.Random, place: Room, here: Counter[UUID], now: float) -> None:
    """Somebody comes, goes, types, or stops."""
    person = dice.choice(PEOPLE)
    match dice.randrange(4):
        case 0:
            place.come(person)
            here[person] += 1
        case 1 if here[person]:
            place.go(person)
            here[person] -= 1
        case 2:
            place.begin_typing(now, person, dice.choice((None, SERVICE)))
        case 3:
            place.end_typing(now, person)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_lost_doubled_or_late_misleads_nobody(seed: int) -> None:
    dice, now = random.Random(seed), 0.0  # noqa: S311 - chance for a test
    known, names = [Room() for _ in range(3)], [uuid4() for _ in range(3)]
    here: list[Counter[UUID]] = [Counter() for _ in known]
    late: list[tuple[int, int, Told]] = []

    def clock(process: int) -> float:
        return now + 1000 * process  # no two of them agree

    def tell(process: int, number: int) -> None:
        told = known[process].own(clock(process), names[process], asks=False)
        late.extend((other, number, told) for other in range(3) if other != process)

    def hear(other: int, number: int, told: Told) -> None:
        known[other].hear(clock(other), number, told)

    for number in range(200):
        now += 0.05
        process = number % 3
        act(dice, known[process], here[process], clock(process))
        tell(process, number)
        dice.shuffle(late)
        for word in [late.pop() for _ in range(dice.randrange(len(late)))]:
            for _ in range(dice.randrange(3)):
                hear(*word)
    for process, each in enumerate(known):
        each.forget(clock(process))
        tell(process, 200)
    for word in reversed(late):  # what is newest comes first
        hear(*word)
    assert len({each.view(clock(process)) for process, each in enumerate(known)}) == 1
    now += room.TYPING_S
    wanted = tuple(PresentPerson(each) for each in PEOPLE if any(few[each] for few in here))
    views = [each.view(clock(process)) for process, each in enumerate(known)]
    assert views == [View(wanted, len(wanted))] * 3
