"""Keys of partners' integrations, and what keys and tokens are good for."""

from datetime import datetime
from enum import Enum
from uuid import UUID

from sqlalchemy import Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Versioned, one_of, to

_SECRET = {"erasable": True}  # kept here alone, and not with the answers to retries


class Scope(Enum):
    """What a token is good for, whoever holds it."""

    ORDERS_READ = "orders:read"
    """Orders, their services, who works on them, and their checklists."""
    ORDERS_WRITE = "orders:write"
    """Booking, and all work on orders but their chat."""
    CATALOGUE_READ = "catalogue:read"
    """What can be booked."""
    CHAT_READ = "chat:read"
    """Messages and mentions."""
    CHAT_WRITE = "chat:write"
    """Writing messages, and marking them as read."""
    LOG_READ = "log:read"
    """What people did, and feeds."""
    PEOPLE_READ = "people:read"
    """Names, addresses, permissions and job roles."""
    PEOPLE_WRITE = "people:write"
    """Inviting and suspending people, and ending sessions."""
    KEYS_READ = "keys:read"
    """Which API keys there are."""
    KEYS_WRITE = "keys:write"
    """Making, rotating and revoking API keys."""


class ApiKey(Versioned):
    """What an integration uses the API with, as a person of the agency."""

    __tablename__ = "api_keys"
    __table_args__ = (
        to("people", "person_id"),
        Index("uq_api_keys_secret_hash", "secret_hash", unique=True),
        Index("uq_api_keys_previous_hash", "previous_hash", unique=True),
        Index("ix_api_keys_person_id", "organization_id", "person_id"),
        Index("ix_api_keys_updated_at", "updated_at"),
    )

    person_id: Mapped[UUID]
    name: Mapped[str]
    scopes: Mapped[list[Scope]] = mapped_column(ARRAY(one_of(Scope, checked=False)))
    documents: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    hint: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, info=_SECRET)
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary, info=_SECRET)
    previous_until: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
