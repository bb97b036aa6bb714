"""People: customers, contractors, staff and admins of an agency."""

from datetime import datetime
from enum import Enum

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Versioned, one_of


class Permission(Enum):
    """What a person may do at all."""

    ADMIN = "ADMIN"
    """Runs the agency: everything staff may do, and its settings."""
    STAFF = "STAFF"
    """Works at the agency: sees and changes every order."""
    CONTRACTOR = "CONTRACTOR"
    """Works for the agency: sees, chats and ticks on the orders they are assigned to."""
    CUSTOMER = "CUSTOMER"
    """Books: sees their own orders, and nothing of the work on them."""


class JobRole(Enum):
    """What a person does at the agency; also a group that can be mentioned."""

    ACCOUNT_EXECUTIVE = "ACCOUNT_EXECUTIVE"
    """Looks after customers."""
    CREATIVE_SPECIALIST = "CREATIVE_SPECIALIST"
    """Shoots and designs."""
    CUSTOMER_SUCCESS = "CUSTOMER_SUCCESS"
    """Helps customers."""
    OPERATIONS_COORDINATOR = "OPERATIONS_COORDINATOR"
    """Coordinates the daily work."""
    OPERATIONS_SPECIALIST = "OPERATIONS_SPECIALIST"
    """Does the daily work."""
    PHOTO_EDITOR = "PHOTO_EDITOR"
    """Edits photos."""
    PROJECT_MANAGER = "PROJECT_MANAGER"
    """Runs orders; only they can be project manager of one."""
    VIDEO_EDITOR = "VIDEO_EDITOR"
    """Edits videos."""


class Person(Versioned):
    """Someone who signs in."""

    __tablename__ = "people"
    __table_args__ = (
        Index("uq_people_email", "organization_id", text("lower(email)"), unique=True),
        Index("ix_people_name", "organization_id", "name", "id"),
        Index("ix_people_email", text("lower(email)")),
        Index("ix_people_updated_at", "updated_at"),
    )

    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str | None]
    permission: Mapped[Permission] = mapped_column(one_of(Permission))
    job_roles: Mapped[list[JobRole]] = mapped_column(
        ARRAY(one_of(JobRole, checked=False)), default=list
    )
    suspended_at: Mapped[datetime | None]
