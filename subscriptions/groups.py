"""Groups of those who follow a log and want the same of it: each entry is judged once for all."""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core import log
from core.log_filter import Wanted
from core.viewer import Viewer
from models import Audience, LogEntry

_ITEMS_KEPT = 64
_ANSWERS_KEPT = 32


@dataclass(frozen=True, slots=True)
class Item:
    """An entry, and who saw its order when it was read, without being staff."""

    seq: int
    entry: LogEntry
    seers: frozenset[UUID]


class Group:
    """The newest entries that its members want, and what was made of them."""

    def __init__(self, wanted: Wanted, viewer: Viewer, *, named: bool) -> None:
        self.members = 0
        self._wanted = wanted
        self._viewer = viewer
        self._named = named
        self._items: list[Item] = []
        self._floor = 0
        self._answers: dict[Hashable, asyncio.Task[Any]] = {}
        self._news = asyncio.Event()
        self._has_news = False

    def begin(self, floor: int, items: Sequence[Item]) -> None:
        """Start with what is known already: all entries after number `floor`."""
        self._floor = floor
        for item in items:
            self.offer(item)

    def offer(self, item: Item) -> None:
        """Take the log's next entry, if the members want it."""
        if not self._concerns(item):
            return
        self._items.append(item)
        self._has_news = True
        if len(self._items) > 2 * _ITEMS_KEPT:
            self._floor = self._items[_ITEMS_KEPT - 1].seq
            del self._items[:_ITEMS_KEPT]

    def wake(self, *, always: bool = False) -> None:
        """Wake the members, if there is anything new for them."""
        if self._has_news or always:
            self._has_news = False
            self._news.set()
            self._news = asyncio.Event()

    async def news(self) -> None:
        """Wait until there may be more."""
        await self._news.wait()

    def after(self, seq: int) -> Sequence[Item] | None:
        """What is wanted after entry number `seq`; None if that is longer ago than is kept."""
        if seq < self._floor:
            return None
        return self._items[bisect_right(self._items, seq, key=lambda item: item.seq) :]

    async def once(self, key: Hashable, make: Callable[[], Awaitable[tuple[Any, bool]]]) -> Any:
        """What `make` gives, made once for all who ask for it by the same key.

        It says, too, whether to keep that for those who ask later.
        """
        task = self._answers.get(key)
        if task is None:
            task = self._answers[key] = asyncio.ensure_future(make())
            task.add_done_callback(lambda done: self._settle(key, done))
            while len(self._answers) > _ANSWERS_KEPT:
                del self._answers[next(iter(self._answers))]
        # Who asks may leave: the others go on waiting.
        answer, _ = task.result() if task.done() else await asyncio.shield(task)
        return answer

    def close(self) -> None:
        """End what is still being made."""
        for task in self._answers.values():
            task.cancel()

    def _settle(self, key: Hashable, task: asyncio.Task[tuple[Any, bool]]) -> None:
        lost = task.cancelled() or task.exception() is not None or not task.result()[1]
        if lost and self._answers.get(key) is task:
            del self._answers[key]

    def _concerns(self, item: Item) -> bool:
        entry, viewer = item.entry, self._viewer
        if not self._wanted.fits(entry):
            return False
        if viewer.is_staff:
            mine = viewer.is_someone and entry.recipient_id == viewer.id
            return entry.audience is not Audience.PERSON or mine
        # Whether they see it now is asked of the database, when they are told.
        return viewer.id in item.seers or (self._named and viewer.id in log.named(entry))
