"""Shares: how many operations of one person a process carries out at once; the others wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from uuid import UUID
from weakref import WeakValueDictionary

from core.errors import RateLimited

AT_ONCE = 4
"""Of ten connections to read there are six left for others then."""
LARGE = 1_000
"""An operation that may give more objects is alone, but for small ones."""
WAITING = 100
"""How many more may wait."""


class _Share:
    """What one person has under way."""

    def __init__(self) -> None:
        self.all = asyncio.Semaphore(AT_ONCE)
        self.large = asyncio.Lock()
        self.count = 0


class Shares:
    """What each person has under way, in this process."""

    def __init__(self) -> None:
        self._shares: WeakValueDictionary[UUID, _Share] = WeakValueDictionary()

    @asynccontextmanager
    async def one(self, person_id: UUID, objects: int) -> AsyncIterator[None]:
        """A place for an operation that may give so many objects, as soon as there is one.

        `RateLimited` if too many of the person wait already.
        """
        own = self._shares.setdefault(person_id, _Share())
        if own.count >= AT_ONCE + WAITING:
            raise RateLimited("Too many of your operations wait for others of yours.", 1)
        own.count += 1
        try:
            async with own.large if objects > LARGE else nullcontext(), own.all:
                yield
        finally:
            own.count -= 1
