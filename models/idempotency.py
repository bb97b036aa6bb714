"""What was answered to a request that carried an idempotency key."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OfOrganization, to


class IdempotencyRecord(OfOrganization):
    """The result of a mutation, kept so that a retry is answered and not repeated."""

    __tablename__ = "idempotency_records"
    __table_args__ = (
        to("people", "person_id"),
        Index("uq_idempotency_records_key", "organization_id", "person_id", "key", unique=True),
        Index("ix_idempotency_records_created_at", "created_at"),
    )

    person_id: Mapped[UUID]
    key: Mapped[str]
    fingerprint: Mapped[str]
    result: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
