"""The database: reads as things are now or at one moment, and transactions for actions."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from core.connections import Connection, Listener, Pool, Use
from core.shares import Shares
from core.transactions import Transaction

_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class Database:
    """Two pools of connections: to read, and to act.

    All that is sent is `within` an organization, which the database is told of: its row-level
    security lets nothing else be seen or written. Without one, no organization's rows are.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        pooled: bool = False,
        listener: Listener | None = None,
        statement_s: int | None = None,
    ) -> None:
        self.url = url
        self._pooled = pooled
        self._reading, self._acting = (
            Pool(url, name, pool_size, listener, pooled=pooled, statement_s=statement_s)
            for name in ("read", "act")
        )
        self.shares = Shares()
        """How the connections to read are divided among people."""

    async def fetch(self, sql: str, *arguments: Any, within: UUID | None = None) -> Sequence[Any]:
        """The rows of one statement, as things are now."""
        if self._pooled:
            async with self._transaction(self._reading, within) as connection:
                return await connection.fetch(sql, *arguments)
        connection = await self._reading.connection()
        try:
            await connection.belong_to(within)
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.release()

    async def moment(self, within: UUID | None) -> "Moment":
        """A connection for many reads of one moment; end it to give it back."""
        return Moment(await self._reading.begun(_MOMENT, within))

    @asynccontextmanager
    async def transaction(self, within: UUID | None = None) -> AsyncIterator[Transaction]:
        """A transaction: committed at the end, rolled back by an exception."""
        async with self._transaction(self._acting, within) as connection:
            transaction = Transaction(connection)
            yield transaction
            await transaction.flush()

    def pools(self) -> dict[str, Use]:
        """How the pools are used: the one to read, and the one to act."""
        return {"read": self._reading.use, "act": self._acting.use}

    async def close(self) -> None:
        """Give all connections back."""
        await asyncio.gather(self._reading.close(), self._acting.close())

    @asynccontextmanager
    async def _transaction(self, pool: Pool, within: UUID | None) -> AsyncIterator[Connection]:
        connection = await pool.begun("BEGIN", within)
        try:
            yield connection
            await connection.commit()
        finally:
            await connection.release()  # which rolls back what is not committed


class Moment:
    """Reads that all see the database as it was at the first of them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[Any]:
        """The rows of a statement."""
        return await self._connection.fetch(sql, *arguments)

    async def end(self) -> None:
        """Give the connection back, even if whoever asks for it is cancelled meanwhile."""
        await self._connection.release()
