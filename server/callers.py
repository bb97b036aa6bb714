"""Who holds a token: looked up once, and forgotten as soon as anything about it is another."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from core import doors
from core.database import Database
from core.errors import Unauthenticated
from core.outages import Outage
from core.tokens import Tokens
from server.credentials import Caller as Caller
from server.credentials import Credentials
from server.issuer import Issuer

WATCH_S = 1.0  # how often it is asked what has changed
BLIND_S = 5.0  # after which what was looked up before is not relied upon
_OVERLAP = timedelta(seconds=30)  # longer than any transaction that changes what is watched
_KEPT_S = 60  # what is changed past the API is seen after this time
_KEPT = 10_000
_REVOKED = "The token has expired, or was revoked"

_NOW = "SELECT now()"

log = logging.getLogger("callsheet")


@dataclass(eq=False)
class Attended:
    """A connection that must end with its token."""

    caller: Caller
    limit: asyncio.Timeout
    is_over: bool = False

    def last_until(self, expires_at: float) -> None:
        """Let it go on until then (Unix time)."""
        if not self.is_over and not self.limit.expired():
            left = expires_at - time.time()
            self.limit.reschedule(asyncio.get_running_loop().time() + left)


class Callers:
    """Finds out who calls, for all transports of a process.

    What was looked up is kept, so that a request asks nothing of the database. Once a second all
    processes ask what has changed of people and sessions; whatever depends on that is looked up
    anew, and connections end whose token is not what it was.
    """

    def __init__(self, tokens: Tokens, database: Database, issuer: Issuer | None = None) -> None:
        self._credentials = Credentials(tokens, database, issuer)
        self._database = database
        self._known: dict[str, tuple[Caller, float]] = {}
        self._asked: dict[str, asyncio.Task[Caller]] = {}
        """What is being looked up: many may come back with one token at once."""
        self._attended: set[Attended] = set()
        self._seen: set[Any] = set()
        self._since: Any = None
        self._watched_at = -BLIND_S
        self._rounds = 0

    async def of(self, token: str | None) -> Caller:
        """Who holds a token; `Unauthenticated` if it is missing, or good for nothing."""
        if token is None:
            raise Unauthenticated("A token is needed: `Authorization: Bearer …`.")
        caller, until = self._known.get(token, (None, 0.0))
        now = time.monotonic()
        if caller and self._sees(now) and now < until and time.time() < caller.expires_at:
            return caller
        task = self._asked.get(token)
        if task is None:
            task = self._asked[token] = asyncio.create_task(self._look_up(token))
            task.add_done_callback(partial(self._answered, token))
        return await asyncio.shield(task)  # who asks may leave: the others go on waiting

    @asynccontextmanager
    async def while_good(self, caller: Caller) -> AsyncIterator[None]:
        """Ends the block by `Unauthenticated` when the token is not good any more."""
        try:
            async with asyncio.timeout(caller.expires_at - time.time()) as limit:
                attended = Attended(caller, limit)
                self._attended.add(attended)
                try:
                    known, _ = self._known.get(caller.token, (None, 0.0))
                    if known is not caller or not self._sees(time.monotonic()):
                        await self._check(attended)  # it may have changed before it was attended
                    yield
                finally:
                    attended.is_over = True
                    self._attended.discard(attended)
        except TimeoutError:
            if limit.expired():
                raise Unauthenticated(_REVOKED) from None
            raise

    async def watch(self) -> None:
        """Ask what has changed, for ever; a database that is away is asked again."""
        outage = Outage("Asking who is still welcome")
        while True:
            try:
                await self.look()
                outage.end()
            except Exception as error:  # noqa: BLE001 - nothing may end the task
                outage.begin(error)
            await asyncio.sleep(WATCH_S)

    async def look(self) -> None:
        """Ask what has changed, and act on it."""
        asked_at = time.monotonic()
        async with asyncio.timeout(BLIND_S):
            ((now,),) = await self._database.fetch(_NOW)
            since = (self._since or now) - _OVERLAP
            found = set(await doors.changes(self._database, since))
        changed = {key for key, _ in found - self._seen}
        self._seen, self._since, self._watched_at = found, now, asked_at
        self._rounds += 1
        if not changed:
            return
        for token, (caller, _) in list(self._known.items()):
            if caller.depends_on & changed:
                del self._known[token]
        doubtful = [each for each in self._attended if each.caller.depends_on & changed]
        await asyncio.gather(*(self._check(each) for each in doubtful))

    def _sees(self, now: float) -> bool:
        """Whether changes are seen: what was looked up and is kept is true then."""
        return now - self._watched_at < BLIND_S

    def _answered(self, token: str, task: asyncio.Task[Caller]) -> None:
        del self._asked[token]
        if not task.cancelled():
            task.exception()  # nobody may have waited for it to the end

    async def _check(self, attended: Attended) -> None:
        """End a connection whose token is not what it was, or if that can't be asked."""
        try:
            now = await self._look_up(attended.caller.token)
            if now.viewer == attended.caller.viewer:
                attended.last_until(now.expires_at)
                return
        except Exception as error:  # noqa: BLE001 - in doubt, the client comes again
            if not isinstance(error, Unauthenticated):
                log.warning("whether a token is still good can't be asked: %s", error)
        attended.last_until(time.time())

    async def _look_up(self, token: str) -> Caller:
        round_ = self._rounds
        caller = await self._credentials.read(token)
        if round_ == self._rounds:  # else it may be what was true before a change was seen
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[token] = (caller, time.monotonic() + _KEPT_S)
        return caller


def bearer(value: object) -> str | None:
    """The token in the value of an `Authorization` header; None if there is none."""
    if not isinstance(value, str):
        return None
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
