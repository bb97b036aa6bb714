"""Who holds a token: looked up once, and forgotten as soon as anything about it is another."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from core import doors, ids
from core.database import Database
from core.errors import Invalid, Unauthenticated
from core.outages import Outage
from core.tokens import Tokens
from models import Organization
from server.credentials import Caller as Caller
from server.credentials import Credentials, Login
from server.issuer import Issuer

WATCH_S = 1.0  # how often it is asked what has changed
BLIND_S = 5.0  # after which what was looked up before is not relied upon
_OVERLAP = timedelta(seconds=30)  # longer than any transaction that changes what is watched
_KEPT_S = 60  # what is changed past the API is seen after this time
_KEPT = 10_000
_REVOKED = "The token has expired, or was revoked"

_NOW = "SELECT now()"

AGENCY = "Callsheet-Organization"
"""The header by which those who work for several agencies say for which."""
LOGIN = ("authorization", AGENCY.lower())
"""The headers by which anybody says who they are, as ASGI has them."""

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
        self._known: dict[Login, tuple[Caller, float]] = {}
        self._asked: dict[Login, asyncio.Task[Caller]] = {}
        """What is being looked up: many may come back with one token at once."""
        self._attended: set[Attended] = set()
        self._seen: set[Any] = set()
        self._since: Any = None
        self._watched_at = -BLIND_S
        self._rounds = 0

    async def of(self, token: str | None, organization_id: UUID | None = None) -> Caller:
        """Who holds a token; `Unauthenticated` if it is missing, or good for nothing.

        Those who are somebody in several agencies say in which they want to be.
        """
        if token is None:
            raise Unauthenticated("A token is needed: `Authorization: Bearer …`.")
        login = Login(token, organization_id)
        caller, until = self._known.get(login, (None, 0.0))
        now = time.monotonic()
        if caller and self._sees(now) and now < until and time.time() < caller.expires_at:
            return caller
        task = self._asked.get(login)
        if task is None:
            task = self._asked[login] = asyncio.create_task(self._look_up(login))
            task.add_done_callback(partial(self._answered, login))
        return await asyncio.shield(task)  # who asks may leave: the others go on waiting

    @asynccontextmanager
    async def while_good(self, caller: Caller) -> AsyncIterator[None]:
        """Ends the block by `Unauthenticated` when the token is not good any more."""
        try:
            async with asyncio.timeout(caller.expires_at - time.time()) as limit:
                attended = Attended(caller, limit)
                self._attended.add(attended)
                try:
                    known, _ = self._known.get(caller.login, (None, 0.0))
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
        for login, (caller, _) in list(self._known.items()):
            if caller.depends_on & changed:
                del self._known[login]
        doubtful = [each for each in self._attended if each.caller.depends_on & changed]
        await asyncio.gather(*(self._check(each) for each in doubtful))

    def _sees(self, now: float) -> bool:
        """Whether changes are seen: what was looked up and is kept is true then."""
        return now - self._watched_at < BLIND_S

    def _answered(self, login: Login, task: asyncio.Task[Caller]) -> None:
        del self._asked[login]
        if not task.cancelled():
            task.exception()  # nobody may have waited for it to the end

    async def _check(self, attended: Attended) -> None:
        """End a connection whose token is not what it was, or if that can't be asked."""
        try:
            now = await self._look_up(attended.caller.login)
            if now.viewer == attended.caller.viewer:
                attended.last_until(now.expires_at)
                return
        except Exception as error:  # noqa: BLE001 - in doubt, the client comes again
            if not isinstance(error, Unauthenticated):
                log.warning("whether a token is still good can't be asked: %s", error)
        attended.last_until(time.time())

    async def _look_up(self, login: Login) -> Caller:
        round_ = self._rounds
        caller = await self._credentials.read(login)
        if round_ == self._rounds:  # else it may be what was true before a change was seen
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[login] = (caller, time.monotonic() + _KEPT_S)
        return caller


def login(given: Mapping[str, object]) -> tuple[str | None, UUID | None]:
    """The token in headers, and the agency that it is meant for, if they say so."""
    authorization, agency = (given.get(name) for name in LOGIN)
    try:
        wanted = ids.decode_as(Organization, str(agency), AGENCY) if agency else None
    except Invalid as error:
        raise Unauthenticated(f"`{AGENCY}` has to be the id of an agency.") from error
    return bearer(authorization), wanted


def bearer(value: object) -> str | None:
    """The token in the value of an `Authorization` header; None if there is none."""
    if not isinstance(value, str):
        return None
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
