"""What a resolver gets with each request: the viewer, reads, and what announces the log."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import strawberry
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.dataloader import DataLoader

from core.database import Database
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
        self._session: AsyncSession | None = None
        self._one_at_a_time = asyncio.Lock()

    def select(self, model: type[Any]) -> Select[Any]:
        """The rows of `model` that the viewer may see."""
        return select(model).where(visible(model, self.viewer))

    async def rows(self, statement: Select[Any]) -> Sequence[Any]:
        """The rows of a statement that selects one thing."""
        async with self._reading() as session:
            found: Sequence[Any] = (await session.scalars(statement)).all()
            return found

    async def first(self, statement: Select[Any]) -> Any | None:
        """The first row of a statement, if it has any."""
        async with self._reading() as session:
            return (await session.scalars(statement)).first()

    async def tuples(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        """The rows of a statement that selects several things."""
        async with self._reading() as session:
            found: Sequence[Any] = (await session.execute(statement)).all()
            return found

    async def now(self, statement: Select[Any]) -> Sequence[Any]:
        """The rows of a statement as they are now, whatever the moment of the other reads."""
        async with self.database.read() as session:
            found: Sequence[Any] = (await session.scalars(statement)).all()
            return found

    async def release(self) -> None:
        """Give the connection back; a later read begins a new moment."""
        async with self._one_at_a_time:
            session, self._session = self._session, None
            if session is not None:
                await session.close()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncSession]:
        """The session of this moment, for one statement at a time."""
        async with self._one_at_a_time:
            if self._session is None:
                self._session = self.database.snapshot()
            yield self._session


Info: TypeAlias = strawberry.Info[Context, None]
