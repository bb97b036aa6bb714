"""A room: who is at an order and types there, as far as a process knows."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

TYPING_S = 8
"""How long somebody is taken to type after having said so."""
LOST_S = 25
"""After which silence a process is taken to have died, and its people with it."""
SHOWN = 50
_TOLD = 500  # of a process's people to the others


@dataclass(frozen=True, slots=True)
class PresentPerson:
    """Somebody who is at an order."""

    person_id: UUID
    is_typing: bool = False
    order_service_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class View:
    """Who is at an order: the first of them, and how many there are."""

    people: tuple[PresentPerson, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Signal:
    """That somebody has said to type, or to type no more: then it has no end after its begin."""

    at: float
    until: float
    order_service_id: UUID | None


@dataclass(frozen=True, slots=True)
class Typing:
    """A signal as the others are told of it: no two clocks need to agree."""

    ago: float
    lasts: float
    order_service_id: UUID | None


@dataclass(frozen=True, slots=True)
class Told:
    """All that a process tells of its own people. What it told before counts no more."""

    process: UUID
    asks: bool
    """Whether the others are to tell of theirs."""
    here: list[UUID]
    typing: dict[UUID, Typing]


@dataclass(frozen=True, slots=True)
class Other:
    """Another process, by its newest word."""

    number: int
    until: float
    here: frozenset[UUID]
    signals: Mapping[UUID, Signal]


class Room:
    """What is known of one order. It has no clock: it is told the time."""

    def __init__(self) -> None:
        self._here: Counter[UUID] = Counter()
        self._signals: dict[UUID, Signal] = {}
        self._others: dict[UUID, Other] = {}

    def come(self, person_id: UUID) -> None:
        """Somebody is here: once more, if they have several windows."""
        self._here[person_id] += 1

    def go(self, person_id: UUID) -> None:
        """Somebody who had come goes."""
        self._here[person_id] -= 1
        if not self._here[person_id]:
            del self._here[person_id]

    def begin_typing(self, now: float, person_id: UUID, order_service_id: UUID | None) -> Signal:
        """Somebody types."""
        signal = self._signals[person_id] = Signal(now, now + TYPING_S, order_service_id)
        return signal

    def end_typing(self, now: float, person_id: UUID) -> None:
        """Somebody has typed, wherever they had said that they do."""
        self._signals[person_id] = Signal(now, now, None)

    def signal(self, person_id: UUID) -> Signal | None:
        """What somebody has said here last of typing."""
        return self._signals.get(person_id)

    def own(self, now: float, process: UUID, *, asks: bool) -> Told:
        """What the others are to be told."""
        typing = {
            person_id: Typing(now - each.at, each.until - each.at, each.order_service_id)
            for person_id, each in self._signals.items()
        }
        return Told(process, asks, sorted(self._here)[:_TOLD], typing)

    def hear(self, now: float, number: int, told: Told) -> None:
        """Another process has told of its people; what it told earlier may come later."""
        before = self._others.get(told.process)
        if before and before.number >= number:
            return
        signals = {
            person_id: Signal(now - each.ago, now - each.ago + each.lasts, each.order_service_id)
            for person_id, each in told.typing.items()
        }
        until = now + LOST_S
        self._others[told.process] = Other(number, until, frozenset(told.here), signals)

    def forget(self, now: float) -> None:
        """Forget what is over."""
        lost = [process for process, other in self._others.items() if other.until <= now]
        for process in lost:
            del self._others[process]
        # That somebody types no more is kept for as long as others may think that they do.
        over = [key for key, each in self._signals.items() if each.at + TYPING_S <= now]
        for person_id in over:
            del self._signals[person_id]

    def view(self, now: float) -> View:
        """Who is here now, those who type first."""
        typing = {key: each for key, each in self._newest().items() if each.until > now}
        here = set(self._here) | typing.keys()
        for other in self._others.values():
            here |= other.here
        order = sorted(here, key=lambda person_id: (person_id not in typing, person_id))
        people = (
            PresentPerson(key, is_typing=True, order_service_id=typing[key].order_service_id)
            if key in typing
            else PresentPerson(key)
            for key in order[:SHOWN]
        )
        return View(tuple(people), len(here))

    def changes_at(self, now: float) -> float:
        """When something is over next, if nothing else happens."""
        ends = (each.until for each in self._newest().values() if each.until > now)
        lost = (other.until for other in self._others.values())
        kept = (each.at + TYPING_S for each in self._signals.values())
        return min((*ends, *lost, *kept), default=math.inf)

    @property
    def is_empty(self) -> bool:
        """Whether this process has nobody to tell of."""
        return not (self._here or self._signals)

    def _newest(self) -> dict[UUID, Signal]:
        """Of each person, what they have said last, wherever it was."""
        newest: dict[UUID, Signal] = {}
        for person_id, each in self._all_signals():
            if person_id not in newest or newest[person_id].at < each.at:
                newest[person_id] = each
        return newest

    def _all_signals(self) -> Iterator[tuple[UUID, Signal]]:
        yield from self._signals.items()
        for other in self._others.values():
            yield from other.signals.items()
