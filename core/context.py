"""What a resolver gets with each request: the viewer, reads, and what announces the log."""

from collections.abc import AsyncGenerator, Hashable, Sequence
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import strawberry
from sqlalchemy import Select, select
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
    """One operation of one viewer."""

    def __init__(self, viewer: Viewer, database: Database, hub: Hub) -> None:
        self.viewer = viewer
        self.database = database
        self.hub = hub
        self.loaders: dict[Hashable, DataLoader[Any, Any]] = {}

    def select(self, model: type[Any]) -> Select[Any]:
        """The rows of `model` that the viewer may see."""
        return select(model).where(visible(model, self.viewer))

    async def rows(self, statement: Select[Any]) -> Sequence[Any]:
        """The rows of a statement that selects one thing."""
        async with self.database.read() as session:
            found: Sequence[Any] = (await session.scalars(statement)).all()
            return found

    async def first(self, statement: Select[Any]) -> Any | None:
        """The first row of a statement, if it has any."""
        async with self.database.read() as session:
            return (await session.scalars(statement)).first()

    async def tuples(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        """The rows of a statement that selects several things."""
        async with self.database.read() as session:
            found: Sequence[Any] = (await session.execute(statement)).all()
            return found


Info: TypeAlias = strawberry.Info[Context, None]
