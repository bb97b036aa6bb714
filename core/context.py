"""What a resolver gets with each request: the viewer, reads, and what announces the log."""

import asyncio
from collections.abc import AsyncGenerator, Hashable, Sequence
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import strawberry
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection
from strawberry.dataloader import DataLoader

from core.database import Database
from core.records import select_records, shaped
from core.viewer import Viewer
from core.visibility import visible


class Hub(Protocol):
    """What brings the news of the log to every process."""

    def announce(self, organization_id: UUID, seq: int) -> None:
        """Tell every process, without waiting, that the log has reached `seq`."""
        ...

    def heads(self, organization_id: UUID) -> AsyncGenerator[int, None]:
        """The number of the log's last entry: now, and whenever it has grown."""
        ...


class Context:
    """One operation of one viewer. All its reads see the database as it is at one moment."""

    def __init__(self, viewer: Viewer, database: Database, hub: Hub) -> None:
        self.viewer = viewer
        self.database = database
        self.hub = hub
        self.loaders: dict[Hashable, DataLoader[Any, Any]] = {}
        self._connection: AsyncConnection | None = None
        self._one_at_a_time = asyncio.Lock()

    def select(self, model: type[Any], *more: Any) -> Select[Any]:
        """The rows of `model` that the viewer may see; and what else is told of each."""
        wanted: list[Any] = [model, *more]
        return select_records(*wanted).where(visible(model, self.viewer))

    def columns(self, model: type[Any], *columns: Any) -> Select[Any]:
        """Only these columns of the rows of `model` that the viewer may see."""
        return select(*columns).where(visible(model, self.viewer))

    async def rows(self, statement: Select[Any]) -> Sequence[Any]:
        """The rows of a statement that selects one thing."""
        return await self.tuples(statement)

    async def first(self, statement: Select[Any]) -> Any | None:
        """The first row of a statement, if it has any."""
        return next(iter(await self.tuples(statement)), None)

    async def tuples(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        """The rows of a statement that selects several things."""
        async with self._one_at_a_time:
            if self._connection is None:
                self._connection = await self.database.snapshot()
            return shaped(statement, (await self._connection.execute(statement)).all())

    async def now(self, statement: Select[Any]) -> Sequence[Any]:
        """The rows of a statement as they are now, whatever the moment of the other reads."""
        async with self.database.read() as session:
            return shaped(statement, (await session.execute(statement)).all())

    async def release(self) -> None:
        """Give the connection back; a later read begins a new moment."""
        async with self._one_at_a_time:
            connection, self._connection = self._connection, None
            if connection is not None:
                await connection.close()


Info: TypeAlias = strawberry.Info[Context, None]
