"""Groups of those who follow a log and want the same of it: each entry is judged once for all."""

import asyncio
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from core import log
from core.log_filter import Wanted
from core.viewer import Viewer
from models import Audience, LogEntry
from subscriptions.shared import Member, Shared

_ITEMS_KEPT = 64


@dataclass(frozen=True, slots=True)
class Item:
    """An entry, and who saw its order when it was read, without being staff."""

    seq: int
    entry: LogEntry
    seers: frozenset[UUID]


class Group:
    """The newest entries that its members want."""

    def __init__(
        self, wanted: Wanted, viewer: Viewer, *, named: bool, shared: Shared | None
    ) -> None:
        self.members = 0
        self.floor = 0
        self.shared = shared
        self._wanted = wanted
        self._viewer = viewer
        self._named = named
        self._items: list[Item] = []
        self._news = asyncio.Event()

    def begin(self, floor: int, items: Sequence[Item]) -> None:
        """Start with what is known already: all entries after number `floor`."""
        self.floor = floor
        for item in items:
            self.offer(item)

    @property
    def order_ids(self) -> Collection[UUID | None]:
        """The orders whose entries are wanted; None stands for all."""
        return self._wanted.order_ids or (None,)

    def offer(self, item: Item) -> bool:
        """Take the log's next entry; False if the members don't want it."""
        if not self._concerns(item):
            return False
        self._items.append(item)
        if len(self._items) > 2 * _ITEMS_KEPT:
            self.floor = self._items[_ITEMS_KEPT - 1].seq
            del self._items[:_ITEMS_KEPT]
        return True

    def wake(self, *, at_the_end: bool = False) -> None:
        """Wake the members: there is something new, or never will be again."""
        self._news.set()
        self._news = asyncio.Event()
        if self.shared and at_the_end:
            self.shared.wake()

    async def news(self) -> None:
        """Wait until there may be more."""
        await self._news.wait()

    async def wait(self, member: Member) -> None:
        """Wait until there is more for a member than it was handed meanwhile."""
        if self.shared and member.hand:
            await self.shared.wait(self, member)
        else:
            await self.news()

    def after(self, seq: int) -> Sequence[LogEntry] | None:
        """What is wanted after entry number `seq`; None if that is longer ago than is kept."""
        if seq < self.floor:
            return None
        start = bisect_right(self._items, seq, key=lambda item: item.seq)
        return [item.entry for item in self._items[start:]]

    def close(self) -> None:
        """End what is still being made."""
        if self.shared:
            self.shared.close()

    def _concerns(self, item: Item) -> bool:
        entry, viewer = item.entry, self._viewer
        if not self._wanted.fits(entry):
            return False
        if viewer.is_staff:
            mine = viewer.is_someone and entry.recipient_id == viewer.id
            return entry.audience is not Audience.PERSON or mine
        # Whether they see it now is asked of the database, when they are told.
        return viewer.id in item.seers or (self._named and viewer.id in log.named(entry))
