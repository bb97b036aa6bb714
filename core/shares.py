"""Shares: how many operations of one person a process carries out at once; the others wait.

Whoever asks for much gives way to others.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeAlias
from uuid import UUID
from weakref import WeakValueDictionary

from core.errors import RateLimited

AT_ONCE = 4
"""Of ten connections to read there are six left for others then."""
WAITING = 100
"""How many more may wait."""
_PAUSE_S = 0.000_3  # nine times as long as it takes to make an object
_LONGEST_PAUSE_S = 1
_LEAST = 25  # as many objects could be made while the smallest operation is carried out

GivesWay: TypeAlias = Callable[[int], Awaitable[None]]
"""What an operation waits for that gives way to others, when it has made so many objects."""


class _Share:
    """What one person has under way."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(AT_ONCE)
        self.giving_way = asyncio.Lock()
        self.count = 0


class Shares:
    """What each person has under way, in this process."""

    def __init__(self) -> None:
        self._shares: WeakValueDictionary[UUID, _Share] = WeakValueDictionary()
        self._count = 0

    @asynccontextmanager
    async def one(self, person_id: UUID, *, gives_way: bool) -> AsyncIterator[GivesWay | None]:
        """A place for an operation, as soon as there is one.

        Of those of a person that give way there is one at a time; while others have any, it takes
        a tenth of the process. `RateLimited` if too many of the person wait already.
        """
        own = self._shares.setdefault(person_id, _Share())
        if own.count >= AT_ONCE + WAITING:
            raise RateLimited("Too many of your operations wait for others of yours.", 1)
        own.count += 1
        self._count += 1
        try:
            if not gives_way:
                async with own.places:
                    yield None
                return
            async with own.giving_way, own.places:
                await self._give_way(own, _LEAST)
                yield partial(self._give_way, own)
        finally:
            own.count -= 1
            self._count -= 1

    async def _give_way(self, own: _Share, made: int) -> None:
        if self._count > own.count:
            await asyncio.sleep(min(made * _PAUSE_S, _LONGEST_PAUSE_S))
