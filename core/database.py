"""Connections to Postgres: reads by the driver itself, and transactions for actions."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, cast

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import QueuePool
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from core.listening import Listener, listen

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
            pool_pre_ping=True,
            hide_parameters=True,  # an error's message is logged
            connect_args=_NOTHING_PREPARED if pooled else {},
        )
        self._listener = listener
        if listener:
            listen(self.engine, listener)
        isolation = "READ COMMITTED" if pooled else "AUTOCOMMIT"
        self._reading = self.engine.execution_options(isolation_level=isolation)
        _, address = self.engine.dialect.create_connect_args(self.engine.url)
        self._pool = asyncpg.create_pool(
            **address,
            min_size=0,
            max_size=pool_size,
            init=self._prepare,
            reset=_as_it_is,
            statement_cache_size=0 if pooled else _STATEMENTS_KEPT,
        )

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[Any]:
        """The rows of one statement, as things are now."""
        connection = await self._connection()
        try:
            rows: Sequence[Any] = await connection.fetch(sql, *arguments)
        finally:
            await self._pool.release(connection)
        return rows

    async def moment(self) -> "Moment":
        """A connection for many reads of one moment; end it to give it back."""
        connection = await self._connection()
        try:
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        except BaseException:
            connection.terminate()  # it may be inside the transaction, or not
            await self._pool.release(connection)
            raise
        return Moment(self, connection)

    async def give_back(self, connection: PoolConnectionProxy) -> None:
        """End a moment's transaction, and return its connection to the pool."""
        try:
            if not connection.is_closed():
                await connection.execute("COMMIT")
        finally:
            await self._pool.release(connection)

    def read(self) -> AsyncSession:
        """A session for one read, without the round trips of a transaction."""
        return AsyncSession(self._reading, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed at the end, rolled back by an exception."""
        session = AsyncSession(self.engine, expire_on_commit=False, autoflush=False)
        async with session, session.begin():
            began = perf_counter()
            await session.connection()
            self._waited("act", began)
            yield session

    def pools(self) -> dict[str, Use]:
        """How the pools are used: the one to read, and the one to act."""
        acting = cast("QueuePool", self.engine.pool)
        idle = self._pool.get_idle_size()
        return {
            "read": Use(self._pool.get_size() - idle, idle, self._pool.get_max_size()),
            "act": Use(acting.checkedout(), acting.checkedin(), acting.size()),
        }

    async def _connection(self) -> PoolConnectionProxy:
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

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[Any]:
        """The rows of a statement."""
        rows: Sequence[Any] = await self._connection.fetch(sql, *arguments)
        return rows

    async def end(self) -> None:
        """Give the connection back, even if whoever asks for it is cancelled meanwhile."""
        await asyncio.shield(self._database.give_back(self._connection))


async def _understand_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=orjson.loads,
    )


async def _as_it_is(connection: asyncpg.Connection) -> None:
    """Nothing: a connection that only reads keeps no settings, locks or cursors."""
