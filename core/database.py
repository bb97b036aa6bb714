"""Connections to Postgres: short reads, and transactions for actions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine


class Database:
    """A pool of connections."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True
        )
        self._moment = self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    async def snapshot(self) -> AsyncConnection:
        """A connection for many reads of one moment; close it to give it back."""
        return await self._moment.connect()

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
        await self.engine.dispose()
