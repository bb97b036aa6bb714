"""The unit of work: one action, one transaction, its log entries, and news of them after commit."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, and_, or_, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.utils.str_converters import to_camel_case

import models
from core import idempotency, ids, log, may
from core.context import Context, Hub
from core.cursors import Cursor
from core.errors import Conflict, Forbidden, NotFound
from core.idempotency import Retry
from core.may import Standing
from core.viewer import Viewer
from core.visibility import visible
from models import Kind, LogEntry, Order

M = TypeVar("M", bound=models.OfOrganization)

_TAKEN = {
    "pk_": ("id", "This id is taken."),
    "uq_people_email": ("email", "Somebody else here has this address."),
}
"""What a client may have chosen that somebody else has, by the constraint that finds it."""


@dataclass(frozen=True)
class Expected:
    """The version of the row `id` that the client has seen."""

    id: UUID
    version: int


@dataclass(frozen=True)
class Done:
    """What an action gives back: the row it is about, and the place in the log after it."""

    row: Any
    cursor: Cursor
    secret: str | None = None
    """What is told this once: not even a retry is told it again."""


async def perform(
    context: Context,
    action: Callable[..., Awaitable[Any]],
    arguments: Mapping[str, Any],
    *,
    expected: Expected | None = None,
    retry: Retry | None = None,
) -> Done:
    """Carry out `action(work, **arguments)` in one transaction, and announce it after commit."""
    async with context.database.transaction(context.viewer.organization_id) as session:
        work = Work(session, context.viewer, expected)
        if retry and (before := await idempotency.claim(session, context.viewer, retry)):
            return Done(*before)
        row = await action(work, **arguments)
        await session.flush()
        cursor = await work.append_to_log()
        if retry:
            await idempotency.keep(session, context.viewer, retry, row, cursor)
    if work.entries:
        context.hub.announce(context.viewer.organization_id, cursor.seq)
    for tell in work.afterwards:
        tell(context.hub)
    await context.release()  # what is read of the answer is read as it is now
    return Done(row, cursor, work.secret)


class Work:
    """What an action does its work with."""

    def __init__(self, session: AsyncSession, viewer: Viewer, expected: Expected | None) -> None:
        self.session = session
        self.viewer = viewer
        self.entries: list[LogEntry] = []
        self.secret: str | None = None
        self.afterwards: list[Callable[[Hub], None]] = []
        """What is told beside the log, once all is committed. It neither waits nor fails."""
        self._expected = expected

    def select(self, model: type[M]) -> Select[M]:
        """The rows of `model` that the viewer may see."""
        return select(model).where(visible(model, self.viewer))

    async def get(self, model: type[M], id: UUID, rule: may.Rule, field: str = "id") -> M:
        """A row, locked with its order, if `rule` lets the viewer act on it.

        `NotFound` if the viewer may not see it, `Forbidden` if the rule refuses,
        `Conflict` if it is not of the version that the client expects.
        """
        owner = await self._lock(model, id)
        if owner is None:
            raise NotFound(field, f"There is no such {ids.name(model).split(' ', 1)[1]}.")
        row = owner if isinstance(owner, model) else await self.find(model, id, field)
        self.require(await self._standing(owner, row), rule)
        if self._expected and self._expected.id == id:
            await self._check_version(row, self._expected.version)
        return row

    def require(self, standing: Standing, rule: may.Rule) -> None:
        """Nothing, if the rule allows it; else `Forbidden`. `get` asks it of what is there."""
        may.require(standing, rule)

    async def find(self, model: type[M], id: UUID, field: str) -> M:
        """A row that the viewer may see, to be referred to; `NotFound` if there is none."""
        statement = self.select(model).where(model.id == id)
        row = (await self.session.scalars(statement)).one_or_none()
        if row is None:
            raise NotFound(field, f"There is no such {ids.name(model).split(' ', 1)[1]}.")
        return row

    async def rows(self, statement: Select[M]) -> Sequence[M]:
        """The rows of a statement."""
        return (await self.session.scalars(statement)).all()

    async def add(self, *rows: models.OfOrganization) -> None:
        """Store new rows; `Conflict` if an id or an address that the client chose is taken."""
        self.session.add_all(rows)
        try:
            await self.session.flush()
        except IntegrityError as error:
            for constraint, (field, message) in _TAKEN.items():
                if constraint in str(error.orig):
                    raise Conflict(message, field=field) from error
            raise

    def change(self, row: models.Versioned, kind: Kind, **values: Any) -> bool:
        """Set `values` and record those that differ; whether there were any."""
        changes = {}
        for name, after in values.items():
            if (before := getattr(row, name)) != after:
                column = getattr(type(row), name)
                changes[name] = [log.plain(column, before), log.plain(column, after)]
                setattr(row, name, after)
        if changes:
            self.changed(row, kind, changes)
        return bool(changes)

    def changed(
        self, row: models.Versioned, kind: Kind, changes: Mapping[str, list[Any]], **params: Any
    ) -> None:
        """Record that something of `row` is another now: {name: [before, after]}."""
        row.version += 1
        self.record(kind, row, changes=changes, **params)

    def record(
        self,
        kind: Kind,
        subject: models.OfOrganization,
        *,
        recipient_id: UUID | None = None,
        **params: Any,
    ) -> LogEntry:
        """Note in the log that `kind` happened to `subject`, with `params` to tell it by.

        With a recipient, nobody else is told.
        """
        entry = log.entry(kind, subject, self.viewer.id, recipient_id=recipient_id, **params)
        self.entries.append(entry)
        return entry

    async def append_to_log(self) -> Cursor:
        """Give the recorded entries their numbers; the place after them."""
        if not self.entries:
            return await log.head(self.session, self.viewer.organization_id)
        return await log.append(self.session, self.entries)

    async def _lock(self, model: type[Any], id: UUID) -> Any | None:
        """Lock a row, or the order that it is of, so that actions on one order follow each other.

        Always the order first and never its parts: so two actions can't wait for each other.
        """
        owner = Order if issubclass(model, models.OfOrder) else model
        seen = self.select(model).where(model.id == id)
        key = seen.with_only_columns(model.id if model is owner else model.order_id)
        statement = (
            select(owner)
            .where(owner.organization_id == self.viewer.organization_id)
            .where(owner.id == key.scalar_subquery())
        )
        statement = self._locked(statement, owner)
        return (await self.session.scalars(statement)).one_or_none()

    def _locked(self, statement: Select[Any], owner: type[Any]) -> Select[Any]:
        return statement.with_for_update(key_share=True, of=owner)

    async def _standing(self, owner: Any, row: Any) -> Standing:
        viewer = self.viewer
        wrote_it = getattr(row, "author_id", None) == viewer.id
        if viewer.is_staff or not isinstance(owner, Order):
            return Standing(viewer, wrote_it=wrote_it, is_it=row.id == viewer.id)
        service_id = row.id if isinstance(row, models.OrderService) else None
        service_id = service_id or getattr(row, "order_service_id", None)
        assignment = models.Assignment
        services = await self.session.scalars(
            select(assignment.order_service_id)
            .where(assignment.organization_id == viewer.organization_id)
            .where(assignment.order_id == owner.id, assignment.person_id == viewer.id)
        )
        assigned = set(services)
        return Standing(
            viewer,
            booked_it=owner.customer_id == viewer.id,
            is_assigned=bool(assigned),
            wrote_it=wrote_it,
            is_assignee=service_id is not None and service_id in assigned,
        )

    async def _check_version(self, row: Any, version: int) -> None:
        if row.version == version:
            return
        entry = LogEntry
        itself = and_(entry.subject_id == row.id, entry.subject_version > version)
        services = and_(
            entry.order_id == row.id, entry.params["order_version"].as_integer() > version
        )
        statement = (
            select(entry.subject_id, entry.params["changes"])
            .where(entry.organization_id == self.viewer.organization_id)
            .where(or_(itself, services))
        )
        fields: set[str] = set()
        for subject_id, changes in await self.session.execute(statement):
            fields |= set(changes or ()) if subject_id == row.id else {"services"}
        raise Conflict(
            "This was changed meanwhile.",
            field="expectedVersion",
            version=row.version,
            fields=sorted(map(to_camel_case, fields)),
        )


async def allowed(
    context: Context, action: Callable[..., Awaitable[Any]], arguments: Mapping[str, Any]
) -> bool:
    """Whether the rule that an action asks for lets the viewer do it. Nothing is done or locked.

    The action itself is begun, and ended where its rule has answered: no list beside it says so
    once more. Should one go on, it finds that nothing can be written.
    """
    async with context.database.transaction(context.viewer.organization_id) as session:
        await session.execute(text("SET TRANSACTION READ ONLY"))
        try:
            await action(_Rehearsal(session, context.viewer, None), **arguments)
        except (_Allowed, Forbidden, NotFound) as answer:
            return isinstance(answer, _Allowed)
    raise TypeError(f"{action.__name__} asks for no rule")


class _Allowed(Exception):
    """The rule of an action has let the viewer through."""


class _Rehearsal(Work):
    """What an action does no work with: it ends at its rule."""

    def require(self, standing: Standing, rule: may.Rule) -> None:
        """`Forbidden`, or `_Allowed`."""
        super().require(standing, rule)
        raise _Allowed

    def _locked(self, statement: Select[Any], owner: type[Any]) -> Select[Any]:
        del owner
        return statement
