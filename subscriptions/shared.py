"""What is made once for all who follow the same, and handed at once to those who wait for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias

from models import LogEntry
from subscriptions.events import StreamEvent

_KEPT = 32
_HANDED_AT_ONCE = 256  # before others have their turn

Make: TypeAlias = Callable[[StreamEvent], Awaitable[tuple[Any, bool]]]
"""Makes something of an event; and says whether it is good for those who ask later, too."""

logger = logging.getLogger(__name__)


class Source(Protocol):
    """Where the entries come from."""

    floor: int
    """Entries up to this number are not kept."""

    def after(self, seq: int) -> Sequence[LogEntry] | None:
        """Those after entry number `seq`; None if that is longer ago than is kept."""
        ...

    async def news(self) -> None:
        """Wait until there may be more."""
        ...


class Member:
    """One who follows a log, and how far it has been told."""

    def __init__(self, hand: Callable[[Any], bool] | None) -> None:
        self.position = -1
        self.hand = hand
        """Gives it something at once; False if it can't take it now."""
        self.woken: asyncio.Future[None] | None = None
        """Done when it is to look for itself; None while it does not wait."""


class Made:
    """What is made once for all who ask for the same."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[tuple[Any, bool]]] = {}

    async def once(self, key: Hashable, make: Callable[[], Awaitable[tuple[Any, bool]]]) -> Any:
        """What `make` makes; it says whether it is good for those who ask later, too."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.ensure_future(make())
            task.add_done_callback(partial(self._settle, key))
            while len(self._tasks) > _KEPT:
                del self._tasks[next(iter(self._tasks))]
        # Who asks may leave: the others go on waiting.
        made, _ = task.result() if task.done() else await asyncio.shield(task)
        return made

    def close(self) -> None:
        """Make nothing more."""
        for task in self._tasks.values():
            task.cancel()

    def _settle(self, key: Hashable, task: asyncio.Task[tuple[Any, bool]]) -> None:
        lost = task.cancelled() or task.exception() is not None or not task.result()[1]
        if lost and self._tasks.get(key) is task:
            del self._tasks[key]


class Shared:
    """What is made of the events of a group, for all of its members alike."""

    def __init__(self, moment: Callable[[StreamEvent], Hashable], make: Make) -> None:
        self._moment = moment
        self._make = make
        self._made = Made()
        self._waiting: set[Member] = set()
        self._hander: asyncio.Task[None] | None = None

    async def answer(self, event: StreamEvent) -> Any:
        """What is made of an event: once for all who ask at the same moment of the log."""
        return await self._made.once(self._moment(event), partial(self._make, event))

    async def wait(self, source: Source, member: Member) -> None:
        """Hand a member what comes, until it can't take more at once."""
        member.woken = asyncio.get_running_loop().create_future()
        self._waiting.add(member)
        if self._hander is None:
            self._hander = asyncio.create_task(self._hand_forever(source, member.position))
        try:
            await member.woken
        finally:
            self._waiting.discard(member)

    def wake(self) -> None:
        """Have all who wait look for themselves."""
        for member in tuple(self._waiting):
            self._wake(member)

    def close(self) -> None:
        """Make nothing more."""
        self._made.close()
        if self._hander:
            self._hander.cancel()

    def _wake(self, member: Member) -> None:
        # It waits no more from now on: what it was not handed, it fetches, in order.
        self._waiting.discard(member)
        if member.woken and not member.woken.done():
            member.woken.set_result(None)

    async def _hand_forever(self, source: Source, position: int) -> None:
        while True:
            if position < source.floor:  # it has been slower than what comes
                self.wake()
                position = source.floor
            for entry in source.after(position) or ():
                try:
                    await self._hand(entry.seq, await self.answer(StreamEvent.of(entry)))
                except Exception:
                    logger.exception("handing entry %d failed", entry.seq)
                    self.wake()
                position = entry.seq
            if not source.after(position):
                await source.news()

    async def _hand(self, seq: int, answer: Any) -> None:
        """Give an answer to all who wait and don't have it; None if there is nothing to tell."""
        for number, member in enumerate(tuple(self._waiting), start=1):
            if member.position < seq and member in self._waiting:
                if answer is None or (member.hand and member.hand(answer)):
                    member.position = seq
                else:
                    self._wake(member)
            if number % _HANDED_AT_ONCE == 0:
                await asyncio.sleep(0)
