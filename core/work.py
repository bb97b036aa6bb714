"""The unit of work: one action, one transaction, its log entries, and news of them after commit."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from asyncpg import UniqueViolationError
from sqlalchemy import Select, and_, bindparam, or_, select
from strawberry.utils.str_converters import to_camel_case

import models
from core import idempotency, ids, log, log_places, may
from core.context import Context, Hub
from core.cursors import Cursor
from core.errors import Conflict, Forbidden, NotFound
from core.idempotency import Retry
from core.may import Standing
from core.recording import Recording
from core.records import Bindable, select_records
from core.statements import Build, Sees, prepared, seen
from core.transactions import Transaction
from core.viewer import Viewer
from models import LogEntry, Order

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
    viewer = context.viewer
    async with context.database.transaction(context.viewer.organization_id) as transaction:
        work = Work(transaction, viewer, expected)
        if retry and (before := await idempotency.claim(transaction, viewer, retry)):
            return Done(*before)
        row = await action(work, **arguments)
        await transaction.flush()
        cursor = await work.append_to_log()
        if retry:
            await idempotency.keep(transaction, viewer, retry, row, cursor)
    if work.entries:
        context.hub.announce(viewer.organization_id, cursor.seq)
    for tell in work.afterwards:
        tell(context.hub)
    await context.release()  # what is read of the answer is read as it is now
    return Done(row, cursor, work.secret)


class Work(Recording):
    """What an action does its work with."""

    _locks = True

    def __init__(self, transaction: Transaction, viewer: Viewer, expected: Expected | None) -> None:
        super().__init__(viewer)
        self.transaction = transaction
        self.secret: str | None = None
        self.afterwards: list[Callable[[Hub], None]] = []
        """What is told beside the log, once all is committed. It neither waits nor fails."""
        self._expected = expected

    def select(self, model: type[M], *more: Any) -> Select[Any]:
        """The rows of `model` that the viewer may see."""
        return seen(self.viewer, model, *more)

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
        found = await self.read(_one, model, key=id)
        if not found:
            raise NotFound(field, f"There is no such {ids.name(model).split(' ', 1)[1]}.")
        row: M = found[0]
        return row

    async def read(self, build: Build, *fixed: Any, **values: Any) -> Sequence[Any]:
        """The rows of the statement `build(sees, *fixed)`, with `values` for its parameters.

        As in reads, it is built once for each permission; but the rows are objects, to be changed.
        """
        viewer = self.viewer
        who = {"agency_id": viewer.organization_id, "viewer_id": viewer.id}
        statement = prepared(build, viewer.permission, None, *fixed)
        return await self.transaction.read(statement, values | who)

    async def rows(self, statement: Bindable) -> Sequence[Any]:
        """The rows of a statement that was built for this one time."""
        return await self.transaction.rows(statement)

    async def add(self, *rows: models.OfOrganization) -> None:
        """Store new rows; `Conflict` if an id or an address that the client chose is taken."""
        try:
            await self.transaction.add(*rows)
        except UniqueViolationError as error:
            for constraint, (field, message) in _TAKEN.items():
                if (error.constraint_name or "").startswith(constraint):
                    raise Conflict(message, field=field) from error
            raise

    async def delete(self, *rows: models.OfOrganization) -> None:
        """Delete rows."""
        await self.transaction.delete(*rows)

    async def append_to_log(self) -> Cursor:
        """Give the recorded entries their numbers; the place after them."""
        if not self.entries:
            return await self.head()
        return await log.append(self.transaction, self.entries)

    async def head(self) -> Cursor:
        """The place after the last entry of the log."""
        ((seq, entry_id),) = await self.read(log_places.last)
        return Cursor.at(self.viewer.organization_id, seq, entry_id)

    async def _lock(self, model: type[Any], id: UUID) -> Any | None:
        """Lock a row, or the order that it is of, so that actions on one order follow each other.

        Always the order first and never its parts: so two actions can't wait for each other.
        """
        owner = Order if issubclass(model, models.OfOrder) else model
        found = await self.read(_owner, model, owner, self._locks, key=id)
        return found[0] if found else None

    async def _standing(self, owner: Any, row: Any) -> Standing:
        viewer = self.viewer
        wrote_it = getattr(row, "author_id", None) == viewer.id
        if viewer.is_staff or not isinstance(owner, Order):
            return Standing(viewer, wrote_it=wrote_it, is_it=row.id == viewer.id)
        service_id = row.id if isinstance(row, models.OrderService) else None
        service_id = service_id or getattr(row, "order_service_id", None)
        assigned = set(await self.read(_assigned, order=owner.id))
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
        for subject_id, changes in await self.rows(statement):
            fields |= set(changes or ()) if subject_id == row.id else {"services"}
        raise Conflict(
            "This was changed meanwhile.",
            field="expectedVersion",
            version=row.version,
            fields=sorted(map(to_camel_case, fields)),
        )


def _one(sees: Sees, model: type[M]) -> Select[Any]:
    """The row of a `key`."""
    return sees.select(model).where(model.id == bindparam("key", type_=model.id.type))


def _owner(sees: Sees, model: Any, owner: Any, locks: bool) -> Select[Any]:
    """The row of a `key`, or the order that it is of; locked."""
    if owner is model:
        statement = _one(sees, model)
    else:
        key = select(model.order_id).where(
            sees.visible(model), model.id == bindparam("key", type_=model.id.type)
        )
        statement = select_records(owner).where(
            owner.organization_id == sees.sight.organization_id, owner.id == key.scalar_subquery()
        )
    return statement.with_for_update(key_share=True, of=owner) if locks else statement


def _assigned(sees: Sees) -> Select[Any]:
    """What the viewer does of an `order`: services, and None for the order itself."""
    assignment = models.Assignment
    return select(assignment.order_service_id).where(
        assignment.organization_id == sees.sight.organization_id,
        assignment.order_id == bindparam("order", type_=assignment.order_id.type),
        assignment.person_id == sees.sight.id,
    )


async def allowed(
    context: Context, action: Callable[..., Awaitable[Any]], arguments: Mapping[str, Any]
) -> bool:
    """Whether the rule that an action asks for lets the viewer do it. Nothing is done or locked.

    The action itself is begun, and ended where its rule has answered: no list beside it says so
    once more. Should one go on, it finds that nothing can be written.
    """
    async with context.database.transaction(context.viewer.organization_id) as transaction:
        await transaction.execute("SET TRANSACTION READ ONLY")
        try:
            await action(_Rehearsal(transaction, context.viewer, None), **arguments)
        except (_Allowed, Forbidden, NotFound) as answer:
            return isinstance(answer, _Allowed)
    raise TypeError(f"{action.__name__} asks for no rule")


class _Allowed(Exception):
    """The rule of an action has let the viewer through."""


class _Rehearsal(Work):
    """What an action does no work with: it ends at its rule."""

    _locks = False

    def require(self, standing: Standing, rule: may.Rule) -> None:
        """`Forbidden`, or `_Allowed`."""
        super().require(standing, rule)
        raise _Allowed
