"""Connections to Postgres: reads by the driver itself, and transactions for actions."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

_STATEMENTS_KEPT = 200  # by each connection, and by Postgres for it


class Database:
    """Two pools of connections, made inside the running event loop: to read, and to act."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url, pool_size=pool_size, max_overflow=0, pool_pre_ping=True
        )
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        _, address = self.engine.dialect.create_connect_args(self.engine.url)
        self._pool = asyncpg.create_pool(
            **address,
            min_size=0,
            max_size=pool_size,
            init=_understand_json,
            reset=_as_it_is,
            statement_cache_size=_STATEMENTS_KEPT,
        )

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[Any]:
        """The rows of one statement, as things are now."""
        await self._pool
        rows: Sequence[Any] = await self._pool.fetch(sql, *arguments)
        return rows

    async def moment(self) -> "Moment":
        """A connection for many reads of one moment; end it to give it back."""
        await self._pool
        connection = await self._pool.acquire()
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
            yield session

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
