"""What a resolver gets with each request: the viewer, reads, and what announces the log."""

import asyncio
from collections.abc import AsyncGenerator, Hashable, Sequence
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from sqlalchemy import Select
from strawberry.dataloader import DataLoader

import engine.info
from core.database import Database, Moment
from core.shares import GivesWay
from core.statements import Build, Statement, bound, prepared, seen
from core.viewer import Viewer
from engine.needs import Needs
from engine.tracing import Trace


class Hub(Protocol):
    """What brings the news of the log to every process."""

    def announce(self, organization_id: UUID, seq: int) -> None:
        """Tell every process, without waiting, that the log has reached `seq`."""
        ...

    def heads(self, organization_id: UUID) -> AsyncGenerator[int, None]:
        """The number of the log's last entry: now, and whenever it has grown."""
        ...

    def posted(self, organization_id: UUID, order_id: UUID, person_id: UUID) -> None:
        """Tell those who see somebody type on an order, without waiting, that they have."""
        ...


class Context:
    """One operation of one viewer. All its reads see the database as it is at one moment."""

    def __init__(self, viewer: Viewer, database: Database, hub: Hub) -> None:
        self.viewer = viewer
        self.database = database
        self.hub = hub
        self.loaders: dict[Hashable, DataLoader[Any, Any]] = {}
        self.reads_once = False
        self.is_much = False
        """Whether its viewer has asked for so much that others go first."""
        self.gives_way: GivesWay | None = None
        self.trace: Trace | None = None
        self._moment: Moment | None = None
        self._one_at_a_time = asyncio.Lock()

    async def read(
        self, build: Build, *fixed: Any, needs: Needs | None = None, **values: Any
    ) -> Sequence[Any]:
        """The rows of the statement `build(sees, *fixed)`, with `values` for its parameters.

        It is built once for each permission, what is needed, and each `fixed`: what varies freely
        is a parameter.
        """
        viewer = self.viewer
        statement = prepared(build, viewer.permission, needs, *fixed, is_someone=viewer.is_someone)
        return await self._fetch(statement, values)

    def select(self, model: type[Any], *more: Any) -> Select[Any]:
        """The rows of `model` that the viewer may see; and what else is told of each."""
        return seen(self.viewer, model, *more)

    async def rows(self, statement: Select[Any], **values: Any) -> Sequence[Any]:
        """The rows of a statement that was built for this one time."""
        return await self._fetch(bound(statement), values)

    async def now(self, statement: Select[Any]) -> Sequence[Any]:
        """The rows of a statement as they are now, whatever the moment of the other reads."""
        wanted = bound(statement)
        arguments, agency = wanted.arguments({}), self.viewer.organization_id
        return wanted.shape.rows(await self.database.fetch(wanted.sql, *arguments, within=agency))

    async def release(self) -> None:
        """Give the connection back; a later read begins a new moment."""
        async with self._one_at_a_time:
            moment, self._moment = self._moment, None
            if moment is not None:
                await moment.end()

    async def _fetch(self, statement: Statement, values: dict[str, Any]) -> Sequence[Any]:
        viewer = self.viewer
        agency = viewer.organization_id
        who = {"agency_id": agency}
        if viewer.is_someone:
            who["viewer_id"] = viewer.id
        arguments = statement.arguments(values | who)
        if self.reads_once:
            rows = await self.database.fetch(statement.sql, *arguments, within=agency)
            return statement.shape.rows(rows)
        async with self._one_at_a_time:
            if self._moment is None:
                self._moment = await self.database.moment(agency)
            return statement.shape.rows(await self._moment.fetch(statement.sql, *arguments))


Info: TypeAlias = engine.info.Info[Context]
