"""The schema: each type is made from a row, each edge goes through a DataLoader."""

import re
from datetime import datetime
from typing import Annotated, Any, Self, TypeAlias

import strawberry

import models
from benchmarks.peers.plain import ids
from benchmarks.peers.plain.loaders import Context

Info: TypeAlias = strawberry.Info[Context, None]

for choices in (
    models.AssignmentRole,
    models.JobRole,
    models.Kind,
    models.OrderStatus,
    models.PaymentStatus,
    models.Permission,
    models.ServiceStatus,
):
    strawberry.enum(choices)


@strawberry.type
class Person:
    """Someone who signs in."""

    id: strawberry.ID
    version: int
    name: str
    email: str
    phone: str | None
    permission: models.Permission
    job_roles: list[models.JobRole]

    @classmethod
    def of(cls, row: models.Person) -> Self:
        """What clients see of a row."""
        return cls(
            id=ids.encode("per", row.id),
            version=row.version,
            name=row.name,
            email=row.email,
            phone=row.phone,
            permission=row.permission,
            job_roles=row.job_roles,
        )


@strawberry.type
class Progress:
    """How far checklists are."""

    done: int
    total: int


@strawberry.type
class ChecklistItem:
    """One step of a checklist."""

    row: strawberry.Private[models.ChecklistItem]
    id: strawberry.ID
    version: int
    text: str
    position: int
    done_at: datetime | None

    @classmethod
    def of(cls, row: models.ChecklistItem) -> Self:
        """What clients see of a row."""
        return cls(
            row=row,
            id=ids.encode("cki", row.id),
            version=row.version,
            text=row.text,
            position=row.position,
            done_at=row.done_at,
        )

    @strawberry.field
    async def done_by(self, info: Info) -> Person | None:
        """Who ticked it."""
        key = self.row.done_by_id
        return Person.of(await info.context.load.people.load(key)) if key else None


@strawberry.type
class Checklist:
    """Steps to be ticked off."""

    row: strawberry.Private[models.Checklist]
    id: strawberry.ID
    version: int
    title: str
    position: int

    @classmethod
    def of(cls, row: models.Checklist) -> Self:
        """What clients see of a row."""
        return cls(
            row=row,
            id=ids.encode("chk", row.id),
            version=row.version,
            title=row.title,
            position=row.position,
        )

    @strawberry.field
    async def items(self, info: Info) -> list[ChecklistItem]:
        """Its steps."""
        return [ChecklistItem.of(row) for row in await info.context.load.items.load(self.row.id)]


@strawberry.type
class OrderService:
    """A service on an order."""

    row: strawberry.Private[models.OrderService]
    id: strawberry.ID
    version: int
    name: str
    status: models.ServiceStatus
    position: int
    notes: str | None

    @classmethod
    def of(cls, row: models.OrderService) -> Self:
        """What clients see of a row."""
        return cls(
            row=row,
            id=ids.encode("osv", row.id),
            version=row.version,
            name=row.name,
            status=row.status,
            position=row.position,
            notes=row.notes,
        )

    @strawberry.field
    async def assignee(self, info: Info) -> Person | None:
        """Who does it."""
        person = await info.context.load.assignees.load(self.row.id)
        return Person.of(person) if person else None

    @strawberry.field
    async def progress(self, info: Info) -> Progress:
        """How far its checklists are."""
        done, total = await info.context.load.service_progress.load(self.row.id)
        return Progress(done=done, total=total)

    @strawberry.field
    async def checklists(self, info: Info) -> list[Checklist]:
        """Its checklists."""
        rows = await info.context.load.service_checklists.load(self.row.id)
        return [Checklist.of(row) for row in rows]


@strawberry.type
class Assignment:
    """Who works on what."""

    row: strawberry.Private[models.Assignment]
    id: strawberry.ID
    role: models.AssignmentRole

    @classmethod
    def of(cls, row: models.Assignment) -> Self:
        """What clients see of a row."""
        return cls(row=row, id=ids.encode("asg", row.id), role=row.role)

    @strawberry.field
    async def person(self, info: Info) -> Person:
        """Who works on it."""
        return Person.of(await info.context.load.people.load(self.row.person_id))


@strawberry.type
class Message:
    """A message in an order's chat."""

    row: strawberry.Private[models.Message]
    id: strawberry.ID
    version: int
    text: str | None
    created_at: datetime
    edited_at: datetime | None

    @classmethod
    def of(cls, row: models.Message) -> Self:
        """What clients see of a row."""
        return cls(
            row=row,
            id=ids.encode("msg", row.id),
            version=row.version,
            text=None if row.deleted_at else row.text,
            created_at=row.created_at,
            edited_at=row.edited_at,
        )

    @strawberry.field
    async def author(self, info: Info) -> Person:
        """Who wrote it."""
        return Person.of(await info.context.load.people.load(self.row.author_id))


@strawberry.type
class Change:
    """One value that is another now."""

    field: str
    before: str | None
    after: str | None


@strawberry.type
class Activity:
    """Something that somebody did."""

    row: strawberry.Private[models.LogEntry]
    id: strawberry.ID
    kind: models.Kind
    at: datetime
    subject_id: strawberry.ID
    changes: list[Change]

    @classmethod
    def of(cls, row: models.LogEntry) -> Self:
        """What clients see of a row."""
        return cls(
            row=row,
            id=ids.encode("log", row.id),
            kind=row.kind,
            at=row.at,
            subject_id=ids.encode(row.subject_type, row.subject_id),
            changes=[
                Change(field=_camel_case(field), before=_text(before), after=_text(after))
                for field, (before, after) in row.params.get("changes", {}).items()
            ],
        )

    @strawberry.field
    async def actor(self, info: Info) -> Person | None:
        """Who did it."""
        key = self.row.actor_id
        return Person.of(await info.context.load.people.load(key)) if key else None


def _camel_case(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


FeedEntry = Annotated[Message | Activity, strawberry.union("FeedEntry")]


@strawberry.type
class FeedEntryEdge:
    """Something in a feed, and its place there."""

    node: FeedEntry


@strawberry.type
class FeedEntryConnection:
    """The end of a feed."""

    edges: list[FeedEntryEdge]
