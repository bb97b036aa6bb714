"""Turns: the documents of one client are looked at one at a time, and new ones not all at once.

Whoever is refused again and again waits likewise.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import thread_time
from weakref import WeakValueDictionary

from core.errors import ApiError, RateLimited

WAIT = 19
"""How many times as long as a document took its client waits for its next turn.

To read new documents of one client, good or bad, takes a twentieth of a process at most, however
many it sends at once.
"""
FREE_S = 0.1
"""How long new documents of a client may take before it has to wait: many pages begin with some."""
SOON = 4
"""How many times as long as a document took its client waits even so: others come in between."""
REFUSED_S = 0.005
"""How long a refusal counts: to receive a request, refuse it, answer and log it is work as well."""
FOLLOWED_S = 0.002
"""How long a subscription counts: it is begun after its turn. So fifty may come at once."""
SOCKET_S = 0.004
"""How long a WebSocket counts, with what has let it come so far."""
KNOWN_S = 0.001
"""A document that takes no longer is known already, and nobody waits for it."""
LONGEST_S = 5.0
"""How long a client waits at most."""
WAITING = 100
"""How many requests of a client may wait for their turn."""
FULL_S = 5.0
"""After how long any more are told that too many wait: they would come again at once."""


class _Line:
    """Those of one client who wait, and the one whose turn it is."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.length = 0
        self._free_at = 0.0
        """When it will have waited for all that its documents took."""

    def end_turn(self, spent: float) -> None:
        """Let the next one have its turn: after a while, if documents have taken too long."""
        if spent < KNOWN_S:
            spent = 0
        loop, free = asyncio.get_running_loop(), FREE_S * WAIT
        now = loop.time()
        after = max(self._free_at, now) + spent * WAIT
        self._free_at = min(after, now + free + LONGEST_S)
        next_at = max(self._free_at - free, now + spent * SOON)
        if next_at <= now:
            self.lock.release()
            return
        loop.call_at(next_at, self.lock.release)
        loop.call_at(self._free_at, self._forget)

    def _forget(self) -> None:
        """Nothing: what has to call this is what has kept the line in mind until now."""


@dataclass(slots=True)
class Turn:
    """What is done in a turn."""

    least_s: float = 0
    """How long it counts at least, as more follows from it."""


class Turns:
    """Whose turns are taken or waited for, in this process."""

    def __init__(self) -> None:
        self._lines: WeakValueDictionary[Hashable, _Line] = WeakValueDictionary()

    @asynccontextmanager
    async def one(self, who: Hashable) -> AsyncIterator["Turn"]:
        """The turn of a document of a client; the next one comes some time after the block.

        `RateLimited` if too many of the same client wait already.
        """
        line, turn = await self._begun(who), Turn()
        began = thread_time()
        try:
            yield turn
        except Exception:
            turn.least_s = REFUSED_S
            raise
        finally:
            line.end_turn(max(turn.least_s, thread_time() - began))

    @asynccontextmanager
    async def before(self, who: Hashable) -> AsyncIterator[None]:
        """What comes before a turn: whoever is refused in the block waits for that like others."""
        try:
            yield
        except ApiError:
            await self.pause(who)
            raise

    async def pause(self, who: Hashable) -> None:
        """Wait before a client is told that it is refused something, if it often is."""
        with suppress(RateLimited):  # which is to be told to nobody who is refused anyhow
            line = await self._begun(who)
            line.end_turn(REFUSED_S)

    async def _begun(self, who: Hashable) -> _Line:
        """The line of a client, whose turn it is now."""
        line = self._lines.setdefault(who, _Line())
        if line.length >= WAITING:
            await asyncio.sleep(FULL_S)
            raise RateLimited("Too many of your requests wait for their turn.", 1)
        line.length += 1
        try:
            await line.lock.acquire()
        finally:
            line.length -= 1
        return line
