"""Connections to Postgres: reads by the driver itself, and transactions for actions."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, cast
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import QueuePool
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from core.listening import Listener, listen

SETTING = "callsheet.organization_id"
"""What tells the database within which organization something is sent."""

_UNKNOWN = object()
_STATEMENTS_KEPT = 200  # by each connection, and by Postgres for it
_NOTHING_PREPARED = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": str,  # without a name: the next one replaces it
}


@dataclass(frozen=True)
class Use:
    """How many connections of a pool are in use, idle, and allowed."""

    used: int
    idle: int
    limit: int


class Database:
    """Two pools of connections, made inside the running event loop: to read, and to act.

    All that is sent is `within` an organization, which the database is told of: its row-level
    security lets nothing else be seen or written. Without one, no organization's rows are.

    If the server is `pooled`, a transaction may be on another connection than the one before it:
    nothing is left on connections for later, such as statements that are prepared.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        pooled: bool = False,
        listener: Listener | None = None,
    ) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,  # an error's message is logged
            connect_args=_NOTHING_PREPARED if pooled else {},
        )
        self._pooled = pooled
        self._listener = listener
        if listener:
            listen(self.engine, listener)
        # We begin and end transactions ourselves, with the organization in the same message.
        self._acting = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        _, address = self.engine.dialect.create_connect_args(self.engine.url)
        self._pool = asyncpg.create_pool(
            **address,
            min_size=0,
            max_size=pool_size,
            init=self._prepare,
            reset=_as_it_is,
            connection_class=_Connection,
            statement_cache_size=0 if pooled else _STATEMENTS_KEPT,
        )

    async def fetch(
        self, sql: str, *arguments: Any, within: UUID | None = None
    ) -> Sequence[asyncpg.Record]:
        """The rows of one statement, as things are now."""
        if self._pooled:
            moment = await self._begin_reading("BEGIN", within)
            try:
                return await moment.fetch(sql, *arguments)
            finally:
                await moment.end()
        connection = await self._connection()
        try:
            await connection.belong_to(within)
            rows: Sequence[asyncpg.Record] = await connection.fetch(sql, *arguments)
        finally:
            await self._pool.release(connection)
        return rows

    async def moment(self, within: UUID) -> "Moment":
        """A connection for many reads of one moment; end it to give it back."""
        return await self._begin_reading("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", within)

    async def give_back(self, connection: PoolConnectionProxy) -> None:
        """End a moment's transaction, and return its connection to the pool."""
        try:
            if not connection.is_closed():
                await connection.execute("COMMIT")
        finally:
            await self._pool.release(connection)

    @asynccontextmanager
    async def transaction(self, within: UUID | None = None) -> AsyncIterator[AsyncSession]:
        """A transaction: committed at the end, rolled back by an exception."""
        began = perf_counter()
        connection, driver = await self._begin(within)
        self._waited("act", began)
        session = AsyncSession(connection, expire_on_commit=False, autoflush=False)
        try:
            async with session, session.begin():
                yield session
            await driver.execute("COMMIT")
        except BaseException:
            await asyncio.shield(_abandon(connection, driver))
            raise
        await asyncio.shield(connection.close())

    def pools(self) -> dict[str, Use]:
        """How the pools are used: the one to read, and the one to act."""
        acting = cast("QueuePool", self.engine.pool)
        idle = self._pool.get_idle_size()
        return {
            "read": Use(self._pool.get_size() - idle, idle, self._pool.get_max_size()),
            "act": Use(acting.checkedout(), acting.checkedin(), acting.size()),
        }

    async def _begin(self, within: UUID | None) -> tuple[AsyncConnection, asyncpg.Connection]:
        """A connection in a new transaction; those that the server has closed are dropped."""
        for others in reversed(range(self.pools()["act"].limit + 1)):
            connection = await self._acting.connect()
            driver: Any = (await connection.get_raw_connection()).driver_connection
            try:
                await driver.execute(_beginning("BEGIN", within))
            except BaseException as error:
                await asyncio.shield(_abandon(connection, driver))
                if not (others and driver.is_closed() and isinstance(error, Exception)):
                    raise
            else:
                break
        return connection, driver

    async def _begin_reading(self, begin: str, within: UUID | None) -> "Moment":
        connection = await self._connection()
        try:
            await connection.execute(_beginning(begin, within))
        except BaseException:
            connection.terminate()  # it may be inside the transaction, or not
            await self._pool.release(connection)
            raise
        return Moment(self, connection)

    async def _connection(self) -> Any:
        began = perf_counter()
        await self._pool
        connection = await self._pool.acquire()
        self._waited("read", began)
        return connection

    def _waited(self, pool: str, began: float) -> None:
        if self._listener:
            self._listener.waited(pool, perf_counter() - began)

    async def _prepare(self, connection: asyncpg.Connection) -> None:
        """What a connection that reads begins with."""
        await _understand_json(connection)
        if listener := self._listener:
            connection.add_query_logger(lambda sent: listener.sent(sent.query, sent.elapsed))

    async def close(self) -> None:
        """Give all connections back."""
        await self._pool
        await self._pool.close()
        await self.engine.dispose()


class Moment:
    """Reads that all see the database as it was at the first of them."""

    def __init__(self, database: Database, connection: PoolConnectionProxy) -> None:
        self._database = database
        self._connection = connection

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        """The rows of a statement."""
        rows: Sequence[asyncpg.Record] = await self._connection.fetch(sql, *arguments)
        return rows

    async def end(self) -> None:
        """Give the connection back, even if whoever asks for it is cancelled meanwhile."""
        await asyncio.shield(self._database.give_back(self._connection))


class _Connection(asyncpg.Connection):
    """A connection that remembers the organization which its session is within.

    So that most reads take one round trip: the next one is often within the same.
    """

    _within: UUID | object | None = None

    async def belong_to(self, organization_id: UUID | None) -> None:
        """Be within this organization, and no other."""
        if self._within != organization_id:
            self._within = _UNKNOWN  # until it is answered: it may be cancelled at any moment
            await self.execute(f"SET {SETTING} TO '{organization_id or ''}'")
            self._within = organization_id


def _beginning(begin: str, within: UUID | None) -> str:
    """What begins a transaction within an organization, and leaves nothing behind it."""
    return f"{begin}; SET LOCAL {SETTING} TO '{within or ''}'"


async def _abandon(connection: AsyncConnection, driver: asyncpg.Connection) -> None:
    """Roll back, and return a connection to its pool, if it is good for more."""
    try:
        if not driver.is_closed():
            await driver.execute("ROLLBACK")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        driver.terminate()
    finally:
        if driver.is_closed():
            await connection.invalidate()
        await connection.close()


async def _understand_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=orjson.loads,
    )


async def _as_it_is(connection: asyncpg.Connection) -> None:
    """Nothing: a connection that only reads keeps no settings, locks or cursors."""
