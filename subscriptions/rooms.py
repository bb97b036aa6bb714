"""All rooms of a process: it tells the others who is in them, and hears it. Nothing is kept.

Each process tells all of its own people of a room whenever they change, now and then in any case,
and when another asks. So whatever Redis loses is mended soon, and who died is not told of again.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import TypeAlias, TypeVar
from uuid import UUID, uuid4

from pydantic import TypeAdapter, ValidationError

from core.quotas import Quota
from subscriptions.bus import Bus, Listener
from subscriptions.room import Room, Told, View
from subscriptions.shared import Made

PACE_S = 0.5  # between two changes that are told, here or to the others
BEAT_S = 10  # in which all is told again
PATIENCE_S = 0.5  # until Redis has let a room hear of the others
SETTLING_S = 0.1  # for the others to answer
FRESH_S = 1.0  # in which a signal says nothing that was not known
GRACE_S = 2.0  # in which who has left may come back, as by reloading a page
LIMIT = 50
"""How many of these streams a person may follow, in a process."""

_KIND = "presence"
_told = TypeAdapter(Told)
T = TypeVar("T")
Place: TypeAlias = tuple[UUID, UUID]
"""An organization, and an order of it."""

logger = logging.getLogger(__name__)


class Watcher:
    """One who follows who is in a room."""

    def __init__(self, room: "OpenRoom", person_id: UUID) -> None:
        self.room = room
        self.person_id = person_id
        self._is_here = False
        self._news = asyncio.Event()
        if room.is_settled:
            self.wake()

    def come(self) -> None:
        """Be here, for all to see."""
        if not self._is_here:
            self._is_here = True
            self.room.come(self.person_id)
            self.room.touch()

    def go(self) -> None:
        """Be here no more."""
        if self._is_here:
            self._is_here = False
            self.room.leaving.discard(self)
            self.room.go(self.person_id)
            self.room.touch()

    def leave(self) -> None:
        """Go, unless that is for a moment only: it is seen a little later."""
        if self._is_here:
            self.room.leaving.add(self)
            asyncio.get_running_loop().call_later(GRACE_S, self.go)

    def wake(self) -> None:
        """Have it look."""
        self._news.set()

    async def news(self) -> None:
        """Wait until there may be something new."""
        await self._news.wait()
        self._news.clear()

    def view(self, *, anew: bool) -> View:
        """Who is here: as all are told, or as it is now, which they are told a little later."""
        return self.room.view(_now()) if anew else self.room.shown

    async def once(self, key: Hashable, make: Callable[[], Awaitable[tuple[T, bool]]]) -> T:
        """What is made for all who ask with the same key in this moment."""
        made: T = await self.room.made.once((key, int(_now() / PACE_S)), make)
        return made


class OpenRoom(Room):
    """A room that somebody of this process is in, or watches."""

    def __init__(self) -> None:
        super().__init__()
        self.watchers: set[Watcher] = set()
        self.leaving: set[Watcher] = set()
        """Those who follow it no more, and may come back."""
        self.shown = View()
        """What its watchers were told last."""
        self.made = Made()
        self.is_settled = False
        self.asks = True
        self.is_due = True
        """Whether the others are to be told."""
        self.joined = asyncio.Event()
        self.touched = asyncio.Event()

    def touch(self) -> None:
        """The people of this process are others than they were."""
        self.is_due = True
        self.touched.set()

    def wake(self) -> None:
        """Have all watchers look."""
        for each in self.watchers:
            each.wake()

    def lose(self, person_id: UUID) -> None:
        """Somebody may have lost the order: they type no more, in whatever process they said so.

        Those who are here find out themselves whether they may stay.
        """
        for each in [each for each in self.leaving if each.person_id == person_id]:
            each.go()
        self.end_typing(_now(), person_id)
        self.touch()

    def show(self, now: float) -> None:
        """Wake the watchers, if there is something new."""
        self.forget(now)
        view = self.view(now)
        if view != self.shown or not self.is_settled:
            self.shown, self.is_settled = view, True
            self.wake()


class Rooms:
    """The rooms that somebody of this process is in."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._process = uuid4()
        self._numbers = count(1)
        self._rooms: dict[str, OpenRoom] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._typing: dict[UUID, tuple[str, float]] = {}
        self._quota = Quota(LIMIT, "streams of who is present")
        bus.listen(_KIND, Listener(self._hear, self._join, self._lose))

    @property
    def open(self) -> int:
        """The number of rooms."""
        return len(self._rooms)

    @property
    def watchers(self) -> int:
        """The number of those who follow who is in them."""
        return sum(len(room.watchers) for room in self._rooms.values())

    def stop(self) -> None:
        """Tell the others that everybody here has gone."""
        for key, keeper in self._keepers.items():
            keeper.cancel()
            self._tell(key, Room())

    @contextmanager
    def watched(self, place: Place, person_id: UUID) -> Iterator[Watcher]:
        """A watcher of a room, who leaves at the end; `Unavailable` if the person has too many."""
        with self._quota.one(person_id):
            room = self._room(_key(place))
            watcher = Watcher(room, person_id)
            room.watchers.add(watcher)
            try:
                yield watcher
            finally:
                watcher.leave()
                room.watchers.remove(watcher)
                room.touched.set()

    def knows(self, place: Place, person_id: UUID, order_service_id: UUID | None) -> bool:
        """Whether somebody has just said that they type there: it need not be told again."""
        room = self._rooms.get(_key(place))
        signal = room.signal(person_id) if room else None
        return (
            signal is not None
            and signal.order_service_id == order_service_id
            and signal.until > signal.at > _now() - FRESH_S
        )

    def begin_typing(self, place: Place, person_id: UUID, order_service_id: UUID | None) -> None:
        """Somebody types there, and nowhere else, until they stop or don't say it again."""
        key, now = _key(place), _now()
        elsewhere, _ = self._typing.pop(person_id, (key, now))
        if elsewhere != key:
            self._end_typing(elsewhere, person_id)
        while self._typing:  # those who began first end first
            first, (_, until) = next(iter(self._typing.items()))
            if until > now:
                break
            del self._typing[first]
        room = self._room(key)
        signal = room.begin_typing(now, person_id, order_service_id)
        self._typing[person_id] = key, signal.until
        room.touch()

    def end_typing(self, place: Place, person_id: UUID) -> None:
        """Somebody has typed there, in whatever process they said that they do."""
        self._end_typing(_key(place), person_id)

    def _end_typing(self, key: str, person_id: UUID) -> None:
        if room := self._rooms.get(key):
            room.end_typing(_now(), person_id)
            room.touch()
        else:  # somebody may see it elsewhere
            gone = Room()
            gone.end_typing(_now(), person_id)
            self._tell(key, gone)

    def _room(self, key: str) -> OpenRoom:
        if key not in self._rooms:
            room = self._rooms[key] = OpenRoom()
            self._keepers[key] = asyncio.create_task(self._keep(key, room))
        return self._rooms[key]

    async def _keep(self, key: str, room: OpenRoom) -> None:
        """Tell of a room what is new, at a pace, until nobody is left in it."""
        self._bus.subscribe(_KIND, key)
        await self._settle(key, room)
        beat_at = _now() + _about(BEAT_S)
        while room.watchers or not room.is_empty:
            room.touched.clear()
            now = _now()
            room.show(now)
            if room.is_due or now >= beat_at:
                beat_at = now + _about(BEAT_S)
                if self._bus.connected:  # else all is told when it is again
                    self._tell(key, room)
            await asyncio.sleep(PACE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(beat_at, room.changes_at(now))):
                    await room.touched.wait()
        self._tell(key, room)
        self._bus.unsubscribe(_KIND, key)
        del self._rooms[key], self._keepers[key]

    async def _settle(self, key: str, room: OpenRoom) -> None:
        """Hear of the others first, so that nobody is shown an empty room that is none."""
        if self._bus.connected:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await room.joined.wait()
            self._tell(key, room)
            await asyncio.sleep(SETTLING_S)

    def _tell(self, key: str, room: Room) -> None:
        asks = False
        if isinstance(room, OpenRoom):
            asks, room.asks, room.is_due = room.asks, False, False
        told = room.own(_now(), self._process, asks=asks)
        self._bus.publish(_KIND, key, next(self._numbers), _told.dump_json(told))

    def _hear(self, key: str, number: int, more: bytes) -> None:
        room = self._rooms.get(key)
        if room is None:
            return
        try:
            told = _told.validate_json(more)
        except ValidationError:
            logger.warning("Nothing that can be read about %s: %.40r", key, more)
            return
        if told.process != self._process:
            room.hear(_now(), number, told)
            room.touched.set()
            if told.asks:  # whoever has just come waits for it
                self._tell(key, room)

    def _join(self, key: str) -> None:
        if room := self._rooms.get(key):
            room.asks = True
            room.touch()
            room.joined.set()

    def _lose(self) -> None:
        """Nothing: what was heard is believed for a while, since all is told again soon."""


def _key(place: Place) -> str:
    return ":".join(map(str, place))


def _now() -> float:
    return asyncio.get_running_loop().time()


def _about(seconds: float) -> float:
    """A time near `seconds`, so that not all is told at once."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - it guards nothing
