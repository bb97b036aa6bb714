"""People: customers, contractors, staff and admins of an agency."""

from enum import Enum

from sqlalchemy import ARRAY, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Versioned, one_of


class Permission(Enum):
    """What a person may do at all."""

    ADMIN = "ADMIN"
    STAFF = "STAFF"
    CONTRACTOR = "CONTRACTOR"
    CUSTOMER = "CUSTOMER"


class JobRole(Enum):
    """What a person does at the agency; also a group that can be mentioned."""

    ACCOUNT_EXECUTIVE = "ACCOUNT_EXECUTIVE"
    CREATIVE_SPECIALIST = "CREATIVE_SPECIALIST"
    CUSTOMER_SUCCESS = "CUSTOMER_SUCCESS"
    OPERATIONS_COORDINATOR = "OPERATIONS_COORDINATOR"
    OPERATIONS_SPECIALIST = "OPERATIONS_SPECIALIST"
    PHOTO_EDITOR = "PHOTO_EDITOR"
    PROJECT_MANAGER = "PROJECT_MANAGER"
    VIDEO_EDITOR = "VIDEO_EDITOR"


class Person(Versioned):
    """Someone who signs in."""

    __tablename__ = "people"
    __table_args__ = (
        Index("uq_people_email", "organization_id", text("lower(email)"), unique=True),
        Index("ix_people_name", "organization_id", "name", "id"),
    )

    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str | None]
    permission: Mapped[Permission] = mapped_column(one_of(Permission))
    job_roles: Mapped[list[JobRole]] = mapped_column(
        ARRAY(one_of(JobRole, checked=False)), default=list
    )
