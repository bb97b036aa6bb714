"""Turns: the documents of one client are looked at one at a time, and new ones not all at once."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from time import thread_time
from weakref import WeakValueDictionary

from core.errors import RateLimited

WAIT = 9
"""How many times as long as a document took its client waits for its next turn.

To read new documents of one client, good or bad, takes a tenth of a process at most, however many
it sends at once.
"""
KNOWN_S = 0.001
"""A document that takes no longer is known already, and nobody waits for it."""
LONGEST_S = 5.0
"""How long a client waits at most."""
WAITING = 100
"""How many requests of a client may wait for their turn."""


class _Line:
    """Those of one client who wait, and the one whose turn it is."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.length = 0

    def end_turn(self, spent: float) -> None:
        """Let the next one have its turn, some time after one that took so many seconds."""
        if spent < KNOWN_S:
            self._begin_next()
        else:
            wait = min(spent * WAIT, LONGEST_S)
            asyncio.get_running_loop().call_later(wait, self._begin_next)

    def _begin_next(self) -> None:
        self.lock.release()


class Turns:
    """Whose turns are taken or waited for, in this process."""

    def __init__(self) -> None:
        self._lines: WeakValueDictionary[Hashable, _Line] = WeakValueDictionary()

    @asynccontextmanager
    async def one(self, who: Hashable) -> AsyncIterator[None]:
        """The turn of a document of a client; the next one comes some time after the block.

        `RateLimited` if too many of the same client wait already.
        """
        line = self._lines.setdefault(who, _Line())
        if line.length >= WAITING:
            raise RateLimited("Too many of your requests wait for their turn.", 1)
        line.length += 1
        try:
            await line.lock.acquire()
        finally:
            line.length -= 1
        began = thread_time()
        try:
            yield
        finally:
            line.end_turn(thread_time() - began)
