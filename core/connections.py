"""Connections to Postgres, by the driver itself; whoever wants to is told how they are used."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import make_url

from core.outages import FAILED
from core.records import DIALECT

SETTING = "callsheet.organization_id"
"""What tells the database within which organization something is sent."""

_UNKNOWN = object()
_JSONB = b"\x01"  # the version of its binary form
_STATEMENTS_KEPT = 200  # by each connection, and by Postgres for it
_NOTHING = "SELECT"  # after which a transaction that nobody has begun by its name is over
_PATIENCE_S = 5  # with a connection that is given back while its server hangs


class Listener(Protocol):
    """Who is told how the database is used."""

    def sent(self, sql: str, seconds: float) -> None:
        """A statement was answered, or failed, after this time."""
        ...

    def waited(self, pool: str, seconds: float) -> None:
        """A connection of a pool was given after this time."""
        ...


@dataclass(frozen=True)
class Use:
    """How many connections of a pool are in use, idle, and allowed."""

    used: int
    idle: int
    limit: int


class Connection:
    """A connection for as long as one has it: `release` it in the end."""

    __slots__ = ("_driver", "_is_begun", "_is_unsettled", "_pool", "_sent")

    def __init__(self, pool: "Pool", driver: Any, sent: Callable[[str, float], None]) -> None:
        self._pool = pool
        self._driver = driver
        self._sent = sent
        self._is_begun = False
        self._is_unsettled = False
        """A statement was broken off: perhaps when it was prepared, which begins a transaction."""

    async def begin(self, sql: str) -> None:
        """Begin a transaction by `sql`."""
        self._is_begun = True  # or perhaps not: it may be cancelled at any moment
        await self.execute(sql)

    async def commit(self) -> None:
        """Commit what was begun."""
        if (done := await self.execute("COMMIT")) != "COMMIT":
            raise RuntimeError(f"A statement had failed before: Postgres did {done}.")
        self._is_begun = False

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[Any]:
        """The rows of a statement, which is prepared."""
        began = perf_counter()
        try:
            rows: Sequence[Any] = await self._driver.fetch(sql, *arguments)
        except BaseException:
            self._is_unsettled = True
            raise
        finally:
            self._sent(sql, perf_counter() - began)
        return rows

    async def fetch_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """The rows of a statement for each of these arguments, in one round trip."""
        began = perf_counter()
        try:
            rows: Sequence[Any] = await self._driver.fetchmany(sql, arguments)
        finally:
            self._sent(sql, perf_counter() - began)
        return rows

    async def execute(self, sql: str) -> str:
        """What Postgres says about statements without arguments, such as `COMMIT`."""
        began = perf_counter()
        try:
            status: str = await self._driver.execute(sql)
        finally:
            self._sent(sql, perf_counter() - began)
        return status

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Store many rows of a table at once."""
        await self._driver.copy_records_to_table(table, columns=columns, records=rows)

    async def belong_to(self, organization_id: UUID | None) -> None:
        """Be within this organization, and no other, until somebody is within another one."""
        await self._driver.belong_to(organization_id, self.execute)

    @property
    def is_lost(self) -> bool:
        """Whether nothing can be sent by it any more."""
        try:
            closed: bool = self._driver.is_closed()
        except asyncpg.InterfaceError:  # the pool has it back already, since it was closed
            return True
        return closed

    async def release(self) -> None:
        """Give it back, even if whoever does so is cancelled; what is not committed is undone."""
        if self._is_begun or self._is_unsettled:
            await asyncio.shield(self._undo())
        else:
            await self._pool.take_back(self._driver)

    async def _undo(self) -> None:
        try:
            if not self.is_lost:
                end = "ROLLBACK" if self._is_begun else _NOTHING
                await self._driver.execute(end, timeout=_PATIENCE_S)
        except FAILED:
            if not self.is_lost:
                self._driver.terminate()
        finally:
            await self._pool.take_back(self._driver)


class _Driver(asyncpg.Connection):
    """A connection that remembers the organization which its session is within.

    So that most reads take one round trip: the next one is often within the same.
    """

    _within: UUID | object | None = None

    async def belong_to(
        self, organization_id: UUID | None, execute: Callable[[str], Awaitable[str]]
    ) -> None:
        if self._within != organization_id:
            self._within = _UNKNOWN  # until it is answered: it may be cancelled at any moment
            await execute(f"SET {SETTING} TO '{organization_id or ''}'")
            self._within = organization_id


class Pool:
    """Connections for one purpose, made when they are wanted, inside the running event loop.

    If the server is `pooled`, a transaction may be on another connection than the one before it:
    nothing is left on connections for later, such as statements that are prepared.
    """

    def __init__(
        self,
        url: str,
        name: str,
        size: int,
        listener: Listener | None,
        *,
        pooled: bool,
        statement_s: int | None = None,
    ) -> None:
        _, address = DIALECT.create_connect_args(make_url(url))  # type: ignore[no-untyped-call] # it is untyped
        self._name = name
        self._listener = listener
        self._sent = listener.sent if listener else _nobody
        # A pooler refuses what it can't keep for each of its clients.
        limited = {} if pooled or not statement_s else {"statement_timeout": f"{statement_s}s"}
        # Whoever waits longest is next: the driver's pool lets others in before them.
        self._turn = asyncio.Semaphore(size)
        self._pool = asyncpg.create_pool(
            **address,
            server_settings=limited,
            min_size=0,
            max_size=size,
            init=_understand_json,
            reset=_as_it_is,
            connection_class=_Driver,
            statement_cache_size=0 if pooled else _STATEMENTS_KEPT,
        )

    async def connection(self) -> Connection:
        """One of them, which nobody else has meanwhile."""
        began = perf_counter()
        await self._turn.acquire()
        try:
            await self._pool
            driver = await self._pool.acquire()
        except BaseException:
            self._turn.release()
            raise
        if self._listener:
            self._listener.waited(self._name, perf_counter() - began)
        return Connection(self, driver, self._sent)

    async def take_back(self, driver: Any) -> None:
        """Have a connection back, which the next one may have then; one that hangs is dropped."""
        try:
            with suppress(TimeoutError):
                await self._pool.release(driver, timeout=_PATIENCE_S)
        finally:
            self._turn.release()

    async def begun(self, begin: str, within: UUID | None) -> Connection:
        """One in a transaction within an organization, of which nothing is left behind it.

        Those that the server has closed meanwhile are dropped, before anything is done with them.
        """
        others = self.use.limit
        while True:
            connection = await self.connection()
            try:
                await connection.begin(f"{begin}; SET LOCAL {SETTING} TO '{within or ''}'")
            except BaseException as error:
                again = others and connection.is_lost and isinstance(error, Exception)
                await connection.release()
                if not again:
                    raise
            else:
                return connection
            others -= 1

    @property
    def use(self) -> Use:
        """How they are used."""
        idle = self._pool.get_idle_size()
        return Use(self._pool.get_size() - idle, idle, self._pool.get_max_size())

    async def close(self) -> None:
        """Give all of them back to the server; if it hangs, drop them."""
        await self._pool
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._pool.close()


def _nobody(_sql: str, _seconds: float) -> None:
    """Nobody listens."""


async def _understand_json(driver: asyncpg.Connection) -> None:
    await driver.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: _JSONB + orjson.dumps(value, default=_id),
        decoder=lambda value: orjson.loads(value[len(_JSONB) :]),
        format="binary",
    )


def _id(value: Any) -> str:
    """An id in JSON: the driver's are of a class of their own."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is nothing for JSON")


async def _as_it_is(_driver: asyncpg.Connection) -> None:
    """Nothing: settings, locks and cursors are all of transactions, which have ended."""
