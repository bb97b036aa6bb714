"""How people prove who they are, and where they are signed in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OfOrganization, to

_SECRET = {"erasable": True}  # kept here alone, and not with the answers to retries


class Credential(OfOrganization):
    """How a person proves who they are: by a password, or once by an invitation."""

    __tablename__ = "credentials"
    __table_args__ = (
        to("people", "person_id"),
        Index("uq_credentials_person_id", "organization_id", "person_id", unique=True),
        Index("uq_credentials_invitation_hash", "invitation_hash", unique=True),
    )

    person_id: Mapped[UUID]
    password_hash: Mapped[str | None] = mapped_column(info=_SECRET)
    invitation_hash: Mapped[bytes | None] = mapped_column(LargeBinary, info=_SECRET)
    invitation_expires_at: Mapped[datetime | None]


class Session(OfOrganization):
    """A device on which a person is signed in. Its refresh token changes with each use."""

    __tablename__ = "sessions"
    __table_args__ = (
        to("people", "person_id"),
        Index("uq_sessions_family_hash", "family_hash", unique=True),
        Index("ix_sessions_person_id", "organization_id", "person_id"),
        Index("ix_sessions_ended_at", "ended_at"),
        Index("ix_sessions_expires_at", "expires_at"),
    )

    person_id: Mapped[UUID]
    client: Mapped[str]
    family_hash: Mapped[bytes] = mapped_column(LargeBinary, info=_SECRET)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, info=_SECRET)
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary, info=_SECRET)
    salt: Mapped[bytes] = mapped_column(LargeBinary, info=_SECRET)
    refreshed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
