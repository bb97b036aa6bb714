"""Orders, and the roots of the schema."""

import base64
from datetime import datetime
from typing import NewType, Self
from uuid import UUID

import orjson
import strawberry
from sqlalchemy import select, tuple_, update

import models
from benchmarks.peers.plain import ids
from benchmarks.peers.plain.graph import (
    Activity,
    Assignment,
    Checklist,
    FeedEntryConnection,
    FeedEntryEdge,
    Info,
    Message,
    OrderService,
    Person,
    Progress,
)

Cursor = NewType("Cursor", str)


@strawberry.type
class Property:
    """The property that an order is about."""

    street: str
    unit: str
    city: str
    region: str
    postal_code: str
    country: str
    entry_notes: str

    @classmethod
    def of(cls, row: models.Order) -> Self:
        """What clients see of a row."""
        return cls(
            street=row.property_street,
            unit=row.property_unit,
            city=row.property_city,
            region=row.property_region,
            postal_code=row.property_postal_code,
            country=row.property_country,
            entry_notes=row.property_entry_notes,
        )


@strawberry.type
class Order:
    """One booking of services for a property."""

    row: strawberry.Private[models.Order]
    id: strawberry.ID
    version: int
    number: str
    name: str
    status: models.OrderStatus
    payment_status: models.PaymentStatus
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    notes: str | None
    property: Property

    @classmethod
    def of(cls, row: models.Order) -> Self:
        """What clients see of a row."""
        return cls(
            row=row,
            id=ids.encode("ord", row.id),
            version=row.version,
            number=f"{row.number:06}",
            name=row.name,
            status=row.status,
            payment_status=row.payment_status,
            created_at=row.created_at,
            updated_at=row.updated_at,
            due_at=row.due_at,
            notes=row.notes,
            property=Property.of(row),
        )

    @strawberry.field
    async def customer(self, info: Info) -> Person:
        """Who booked it."""
        return Person.of(await info.context.load.people.load(self.row.customer_id))

    @strawberry.field
    async def project_manager(self, info: Info) -> Person | None:
        """Who manages it."""
        person = await info.context.load.project_managers.load(self.row.id)
        return Person.of(person) if person else None

    @strawberry.field
    async def progress(self, info: Info) -> Progress:
        """How far its checklists are."""
        done, total = await info.context.load.order_progress.load(self.row.id)
        return Progress(done=done, total=total)

    @strawberry.field
    async def services(self, info: Info) -> list[OrderService]:
        """The services on it."""
        return [OrderService.of(row) for row in await info.context.load.services.load(self.row.id)]

    @strawberry.field
    async def assignments(self, info: Info) -> list[Assignment]:
        """Who works on it."""
        rows = await info.context.load.assignments.load(self.row.id)
        return [Assignment.of(row) for row in rows]

    @strawberry.field
    async def checklists(self, info: Info) -> list[Checklist]:
        """The checklists of the order itself."""
        rows = await info.context.load.order_checklists.load(self.row.id)
        return [Checklist.of(row) for row in rows]

    @strawberry.field
    async def last_message(self, info: Info) -> Message | None:
        """The newest message about it."""
        message = await info.context.load.last_messages.load(self.row.id)
        return Message.of(message) if message else None

    @strawberry.field
    async def feed(self, info: Info, last: int) -> FeedEntryConnection:
        """Its messages and activity, oldest first."""
        load = info.context.load
        entries = await load.feeds.load((self.row.id, last))
        posted = [e.subject_id for e in entries if e.kind is models.Kind.MESSAGE_POSTED]
        messages = {row.id: row for row in await load.messages.load_many(posted)}
        edges = []
        for entry in entries:
            message = messages.get(entry.subject_id)
            node = Message.of(message) if message else Activity.of(entry)
            edges.append(FeedEntryEdge(node=node))
        return FeedEntryConnection(edges=edges)


@strawberry.type
class OrderEdge:
    """An order, and its place in a list."""

    node: Order


@strawberry.type
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool
    end_cursor: Cursor | None


@strawberry.type
class OrderConnection:
    """A page of orders."""

    edges: list[OrderEdge]
    page_info: PageInfo


@strawberry.type
class Query:
    """What can be read."""

    @strawberry.field
    async def order(self, info: Info, id: strawberry.ID) -> Order | None:
        """An order by its id."""
        context = info.context
        statement = select(models.Order).where(
            models.Order.organization_id == context.viewer.organization_id,
            models.Order.id == ids.decode(id),
        )
        async with context.sessions() as session:
            row = (await session.scalars(statement)).one_or_none()
        return Order.of(row) if row else None

    @strawberry.field
    async def orders(self, info: Info, first: int, after: Cursor | None = None) -> OrderConnection:
        """Orders, the newest first."""
        context, order = info.context, models.Order
        statement = select(order).where(order.organization_id == context.viewer.organization_id)
        if after:
            created_at, key = orjson.loads(base64.urlsafe_b64decode(after))
            place = (datetime.fromisoformat(created_at), UUID(key))
            statement = statement.where(tuple_(order.created_at, order.id) < place)
        ordered = statement.order_by(order.created_at.desc(), order.id.desc())
        async with context.sessions() as session:
            rows = (await session.scalars(ordered.limit(first + 1))).all()
        page = [Order.of(row) for row in rows[:first]]
        place_of = orjson.dumps([page[-1].created_at, str(page[-1].row.id)]) if page else None
        cursor = Cursor(base64.urlsafe_b64encode(place_of).decode()) if place_of else None
        return OrderConnection(
            edges=[OrderEdge(node=node) for node in page],
            page_info=PageInfo(has_next_page=len(rows) > first, end_cursor=cursor),
        )


@strawberry.input
class PostMessageInput:
    """What `postMessage` needs."""

    order_id: strawberry.ID
    text: str


@strawberry.type
class PostMessagePayload:
    """What `postMessage` answers."""

    message: Message


@strawberry.type
class Mutation:
    """What can be done."""

    @strawberry.mutation
    async def post_message(self, info: Info, input: PostMessageInput) -> PostMessagePayload | None:
        """Write a message."""
        viewer = info.context.viewer
        own = {
            "organization_id": viewer.organization_id,
            "order_id": ids.decode(input.order_id),
        }
        async with info.context.sessions.begin() as session:
            message = models.Message(**own, author_id=viewer.id, text=input.text, version=1)
            session.add(message)
            await session.flush()
            head = (
                update(models.LogHead)
                .where(models.LogHead.organization_id == viewer.organization_id)
                .values(last_seq=models.LogHead.last_seq + 1)
                .returning(models.LogHead.last_seq)
            )
            entry = models.LogEntry(
                **own,
                seq=await session.scalar(head),
                kind=models.Kind.MESSAGE_POSTED,
                subject_type="msg",
                subject_id=message.id,
                subject_version=1,
                actor_id=viewer.id,
                audience=models.Audience.STAFF,
            )
            session.add(entry)
        return PostMessagePayload(message=Message.of(message))
