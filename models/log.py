"""The log: every business action of an organization, in commit order, without gaps."""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, new_id, one_of, to


class Audience(Enum):
    """Who may read an entry: the agency's people, its customer too, or one person alone."""

    STAFF = "STAFF"
    """The agency, as far as its people see the order."""
    CUSTOMER = "CUSTOMER"
    """The agency, and the customer of the order."""
    PERSON = "PERSON"
    """One person alone."""


class Kind(Enum):
    """What happened."""

    ORDER_CREATED = "ORDER_CREATED"
    """An order was booked."""
    ORDER_STATUS_CHANGED = "ORDER_STATUS_CHANGED"
    """The status of an order is another."""
    PAYMENT_STATUS_CHANGED = "PAYMENT_STATUS_CHANGED"
    """The payment status of an order is another."""
    CUSTOMER_CHANGED = "CUSTOMER_CHANGED"
    """An order was given to another customer."""
    PROPERTY_CHANGED = "PROPERTY_CHANGED"
    """The property of an order was corrected."""
    ORDER_NOTES_CHANGED = "ORDER_NOTES_CHANGED"
    """The notes of an order are others."""
    PACKAGE_ADDED = "PACKAGE_ADDED"
    """A package was put on an order."""
    PACKAGE_REMOVED = "PACKAGE_REMOVED"
    """A package was taken off an order."""
    SERVICE_ADDED = "SERVICE_ADDED"
    """A service was put on an order."""
    SERVICE_REMOVED = "SERVICE_REMOVED"
    """A service was taken off an order: archived."""
    SERVICE_MOVED = "SERVICE_MOVED"
    """A service has another status, or another place in it."""
    SERVICE_RENAMED = "SERVICE_RENAMED"
    """A service of an order has another name."""
    SERVICE_NOTES_CHANGED = "SERVICE_NOTES_CHANGED"
    """The notes of a service are others."""
    SERVICE_ESCALATED = "SERVICE_ESCALATED"
    """A service needs attention now."""
    ESCALATION_RESOLVED = "ESCALATION_RESOLVED"
    """A service needs no special attention any more."""
    PROJECT_MANAGER_CHANGED = "PROJECT_MANAGER_CHANGED"
    """The project manager of an order is another."""
    TEAM_MEMBER_ADDED = "TEAM_MEMBER_ADDED"
    """A person works on an order now."""
    TEAM_MEMBER_REMOVED = "TEAM_MEMBER_REMOVED"
    """A person works on an order no more."""
    ASSIGNEE_CHANGED = "ASSIGNEE_CHANGED"
    """The assignee of a service is another."""
    CHECKLIST_CREATED = "CHECKLIST_CREATED"
    """A checklist was made."""
    CHECKLIST_RENAMED = "CHECKLIST_RENAMED"
    """A checklist has another title."""
    CHECKLIST_MOVED = "CHECKLIST_MOVED"
    """A checklist has another place."""
    CHECKLIST_DELETED = "CHECKLIST_DELETED"
    """A checklist was deleted."""
    CHECKLIST_ITEM_ADDED = "CHECKLIST_ITEM_ADDED"
    """A checklist has a new item."""
    CHECKLIST_ITEM_RENAMED = "CHECKLIST_ITEM_RENAMED"
    """An item has another text."""
    CHECKLIST_ITEM_MOVED = "CHECKLIST_ITEM_MOVED"
    """An item has another place."""
    CHECKLIST_ITEM_DELETED = "CHECKLIST_ITEM_DELETED"
    """An item was deleted."""
    CHECKLIST_ITEM_TICKED = "CHECKLIST_ITEM_TICKED"
    """An item was ticked."""
    CHECKLIST_ITEM_UNTICKED = "CHECKLIST_ITEM_UNTICKED"
    """An item was unticked."""
    MESSAGE_POSTED = "MESSAGE_POSTED"
    """A message was written."""
    MESSAGE_EDITED = "MESSAGE_EDITED"
    """A message was changed by its author."""
    MESSAGE_DELETED = "MESSAGE_DELETED"
    """A message was deleted."""
    PERSON_MENTIONED = "PERSON_MENTIONED"
    """A message mentions a person. Only that person is told."""
    ORDER_READ = "ORDER_READ"
    """A person has read an order up to a place. Only that person is told."""
    PERSON_INVITED = "PERSON_INVITED"
    """A person was invited to sign in, for the first time or anew."""
    INVITATION_ACCEPTED = "INVITATION_ACCEPTED"
    """A person accepted an invitation, and has a password now."""
    PERSON_SUSPENDED = "PERSON_SUSPENDED"
    """A person may not sign in any more."""
    PERSON_REINSTATED = "PERSON_REINSTATED"
    """A person may sign in again."""
    API_KEY_CREATED = "API_KEY_CREATED"
    """An API key was made."""
    API_KEY_ROTATED = "API_KEY_ROTATED"
    """An API key has another secret."""
    API_KEY_REVOKED = "API_KEY_REVOKED"
    """An API key is good no more."""
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - the name of what happened
    """A person has another password. Only that person is told."""
    SESSION_ENDED = "SESSION_ENDED"
    """A person was signed out of a device. Only that person is told."""


MESSAGES = frozenset({Kind.MESSAGE_POSTED, Kind.MESSAGE_EDITED, Kind.MESSAGE_DELETED})
PERSONAL = frozenset(
    {Kind.PERSON_MENTIONED, Kind.ORDER_READ, Kind.PASSWORD_CHANGED, Kind.SESSION_ENDED}
)
SHARED = frozenset(Kind) - PERSONAL
ACTIVITY = SHARED - MESSAGES

# After these, somebody sees an order whom they name, or sees it no more.
PARTS = frozenset(
    {
        Kind.CUSTOMER_CHANGED,
        Kind.PROJECT_MANAGER_CHANGED,
        Kind.TEAM_MEMBER_ADDED,
        Kind.TEAM_MEMBER_REMOVED,
        Kind.ASSIGNEE_CHANGED,
    }
)

# What a customer may read about the own order; the rest is the agency's own business.
FOR_CUSTOMERS = frozenset(
    {
        Kind.ORDER_CREATED,
        Kind.ORDER_STATUS_CHANGED,
        Kind.PAYMENT_STATUS_CHANGED,
        Kind.PROPERTY_CHANGED,
        Kind.PACKAGE_ADDED,
        Kind.PACKAGE_REMOVED,
        Kind.SERVICE_ADDED,
        Kind.SERVICE_REMOVED,
        Kind.SERVICE_MOVED,
    }
)


class LogEntry(Base):
    """Something that happened: who did what, to what, with the values before and after."""

    __tablename__ = "log_entries"
    __table_args__ = (
        to("orders", "order_id"),
        to("order_services", "order_service_id"),
        to("people", "actor_id"),
        to("people", "recipient_id"),
        Index("uq_log_entries_id", "organization_id", "id", unique=True),
        Index("ix_log_entries_order_id", "organization_id", "order_id", "seq"),
        Index("ix_log_entries_subject_id", "organization_id", "subject_id", "seq"),
        Index("ix_log_entries_recipient_id", "organization_id", "recipient_id", "seq"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(default=new_id)
    kind: Mapped[Kind] = mapped_column(one_of(Kind, checked=False))
    order_id: Mapped[UUID | None]
    order_service_id: Mapped[UUID | None]
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    subject_version: Mapped[int | None]
    actor_id: Mapped[UUID | None]
    audience: Mapped[Audience] = mapped_column(one_of(Audience))
    recipient_id: Mapped[UUID | None]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    # By the database's clock and under the head's lock, so that `at` never runs against `seq`.
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class LogHead(Base):
    """The number of the last entry of an organization's log; locked from there to commit."""

    __tablename__ = "log_heads"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)  # room for in-place updates

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
