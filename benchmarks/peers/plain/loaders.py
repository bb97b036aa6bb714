"""A DataLoader for each edge, made anew for each request."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.dataloader import DataLoader

from models import (
    Assignment,
    AssignmentRole,
    Checklist,
    ChecklistItem,
    Kind,
    LogEntry,
    Message,
    OrderService,
    Person,
    ServiceStatus,
)

Sessions = async_sessionmaker[AsyncSession]
HIDDEN = (Kind.MESSAGE_EDITED, Kind.MESSAGE_DELETED, Kind.PERSON_MENTIONED, Kind.ORDER_READ)
RANK = case(
    *((OrderService.status == status, i) for i, status in enumerate(ServiceStatus)),
)


class Loaders:
    """The loaders of one request."""

    def __init__(self, sessions: Sessions, organization_id: UUID) -> None:
        self.sessions = sessions
        self.organization_id = organization_id
        self.people = DataLoader(load_fn=self._people)
        self.messages = DataLoader(load_fn=self._messages)
        self.last_messages = DataLoader(load_fn=self._last_messages)
        self.project_managers = self._assigned(AssignmentRole.PROJECT_MANAGER, Assignment.order_id)
        self.assignees = self._assigned(AssignmentRole.ASSIGNEE, Assignment.order_service_id)
        self.order_progress = self._progress(ChecklistItem.order_id)
        self.service_progress = self._progress(ChecklistItem.order_service_id)
        self.services = self._many(
            OrderService.order_id, RANK, OrderService.position, OrderService.id
        )
        self.assignments = self._many(Assignment.order_id, Assignment.created_at, Assignment.id)
        places = (Checklist.position, Checklist.id)
        own = Checklist.order_service_id.is_(None)
        self.order_checklists = self._many(Checklist.order_id, *places, where=own)
        self.service_checklists = self._many(Checklist.order_service_id, *places)
        self.items = self._many(
            ChecklistItem.checklist_id, ChecklistItem.position, ChecklistItem.id
        )
        self.feeds = DataLoader(load_fn=self._feeds)

    async def rows(self, statement: Select[Any]) -> Sequence[Any]:
        """The rows of a statement, in a session of its own, because loaders run concurrently."""
        async with self.sessions() as session:
            return (await session.scalars(statement)).all()

    async def tuples(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Any]:
        """The rows of a statement that selects several things."""
        async with self.sessions() as session:
            return (await session.execute(statement)).all()

    async def _people(self, keys: list[UUID]) -> list[Person]:
        found = await self.rows(self._of(Person).where(Person.id.in_(keys)))
        by_id = {person.id: person for person in found}
        return [by_id[key] for key in keys]

    async def _messages(self, keys: list[UUID]) -> list[Message]:
        found = await self.rows(self._of(Message).where(Message.id.in_(keys)))
        by_id = {message.id: message for message in found}
        return [by_id[key] for key in keys]

    async def _last_messages(self, keys: list[UUID]) -> list[Message | None]:
        newest = (
            self._of(Message)
            .where(Message.order_id.in_(keys))
            .distinct(Message.order_id)
            .order_by(Message.order_id, Message.created_at.desc(), Message.id.desc())
        )
        by_order = {message.order_id: message for message in await self.rows(newest)}
        return [by_order.get(key) for key in keys]

    def _assigned(
        self, role: AssignmentRole, column: InstrumentedAttribute[Any]
    ) -> DataLoader[UUID, Person | None]:
        async def load(keys: list[UUID]) -> list[Person | None]:
            statement = (
                select(column, Person)
                .join(Person, Person.id == Assignment.person_id)
                .where(Assignment.organization_id == self.organization_id)
                .where(Assignment.role == role, column.in_(keys))
            )
            found = dict(map(tuple, await self.tuples(statement)))
            return [found.get(key) for key in keys]

        return DataLoader(load_fn=load)

    def _progress(self, column: InstrumentedAttribute[Any]) -> DataLoader[UUID, tuple[int, int]]:
        async def load(keys: list[UUID]) -> list[tuple[int, int]]:
            statement = (
                select(column, func.count(ChecklistItem.done_at), func.count())
                .where(ChecklistItem.organization_id == self.organization_id, column.in_(keys))
                .group_by(column)
            )
            if column is ChecklistItem.order_id:
                statement = statement.where(~self._archived(keys))
            found = {key: (done, total) for key, done, total in await self.tuples(statement)}
            return [found.get(key, (0, 0)) for key in keys]

        return DataLoader(load_fn=load)

    def _archived(self, order_ids: list[UUID]) -> ColumnElement[bool]:
        return (
            select(OrderService.id)
            .where(
                OrderService.organization_id == self.organization_id,
                OrderService.order_id.in_(order_ids),
                OrderService.id == ChecklistItem.order_service_id,
                OrderService.status == ServiceStatus.ARCHIVED,
            )
            .exists()
        )

    def _many(
        self, column: InstrumentedAttribute[Any], *order: Any, where: Any = True
    ) -> DataLoader[UUID, list[Any]]:
        async def load(keys: list[UUID]) -> list[list[Any]]:
            model: Any = column.class_
            statement = self._of(model).where(column.in_(keys), where).order_by(*order)
            found: dict[UUID, list[Any]] = defaultdict(list)
            for row in await self.rows(statement):
                found[getattr(row, column.key)].append(row)
            return [found[key] for key in keys]

        return DataLoader(load_fn=load)

    async def _feeds(self, keys: list[tuple[UUID, int]]) -> list[list[LogEntry]]:
        # One order at a time: no operation here asks for the feeds of several.
        return [[*reversed(await self.rows(self._feed(*key)))] for key in keys]

    def _feed(self, order_id: UUID, last: int) -> Select[Any]:
        return (
            self._of(LogEntry)
            .where(LogEntry.order_id == order_id, LogEntry.kind.not_in(HIDDEN))
            .order_by(LogEntry.seq.desc())
            .limit(last)
        )

    def _of(self, model: type[Any]) -> Select[Any]:
        return select(model).where(model.organization_id == self.organization_id)


@dataclass
class Context:
    """What resolvers get."""

    viewer: Person
    sessions: Sessions
    load: Loaders
