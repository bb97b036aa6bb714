"""The chat of an order: messages, mentions, and how far each person has read."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OfOrder, OfOrganization, Versioned, one_of, to
from models.people import JobRole


class Message(OfOrder, Versioned):
    """A message in an order's chat, or in the chat of one of its services."""

    __tablename__ = "messages"
    __table_args__ = (
        to("orders", "order_id"),
        to("order_services", "order_service_id"),
        to("people", "author_id"),
        Index("ix_messages_order_id", "organization_id", "order_id", "created_at"),
    )

    # Not when the transaction began, which may have waited for the order since.
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    order_service_id: Mapped[UUID | None]
    author_id: Mapped[UUID]
    text: Mapped[str] = mapped_column(info={"erasable": True})
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Mention(OfOrder, OfOrganization):
    """A person named in a message, by name or by job role."""

    __tablename__ = "mentions"
    __table_args__ = (
        to("orders", "order_id"),
        to("order_services", "order_service_id"),
        to("messages", "message_id"),
        to("people", "person_id"),
        Index("uq_mentions_person", "organization_id", "message_id", "person_id", unique=True),
        Index("ix_mentions_person_id", "organization_id", "person_id", "created_at", "id"),
    )

    order_service_id: Mapped[UUID | None]
    message_id: Mapped[UUID]
    person_id: Mapped[UUID]
    job_role: Mapped[JobRole | None] = mapped_column(one_of(JobRole, checked=False))


class ReadMarker(OfOrder, OfOrganization):
    """How far a person has read the feed of an order: the place in the log."""

    __tablename__ = "read_markers"
    __table_args__ = (
        to("orders", "order_id"),
        to("people", "person_id"),
        Index("uq_read_markers_person", "organization_id", "person_id", "order_id", unique=True),
    )

    person_id: Mapped[UUID]
    seq: Mapped[int] = mapped_column(BigInteger)
