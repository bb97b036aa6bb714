"""Who works on what."""

from enum import Enum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OfOrder, OfOrganization, one_of, to


class AssignmentRole(Enum):
    """What a person is assigned as."""

    PROJECT_MANAGER = "PROJECT_MANAGER"
    """Runs the order; at most one person does."""
    TEAM_MEMBER = "TEAM_MEMBER"
    """Works on the order."""
    ASSIGNEE = "ASSIGNEE"
    """Does one service of the order; at most one person does."""


class Assignment(OfOrder, OfOrganization):
    """A person who works on an order, or on one service of it."""

    __tablename__ = "assignments"
    __table_args__ = (
        to("orders", "order_id"),
        to("order_services", "order_service_id"),
        to("people", "person_id"),
        CheckConstraint(
            "(role = 'ASSIGNEE') = (order_service_id IS NOT NULL)", name="assignee_has_service"
        ),
        Index(
            "uq_assignments_project_manager",
            "organization_id",
            "order_id",
            unique=True,
            postgresql_where=text("role = 'PROJECT_MANAGER'"),
        ),
        Index(
            "uq_assignments_team_member",
            "organization_id",
            "order_id",
            "person_id",
            unique=True,
            postgresql_where=text("role = 'TEAM_MEMBER'"),
        ),
        Index(
            "uq_assignments_assignee",
            "organization_id",
            "order_service_id",
            unique=True,
            postgresql_where=text("role = 'ASSIGNEE'"),
        ),
        Index("ix_assignments_order_id", "organization_id", "order_id"),
        Index("ix_assignments_person_id", "organization_id", "person_id", "order_id"),
    )

    order_service_id: Mapped[UUID | None]
    person_id: Mapped[UUID]
    role: Mapped[AssignmentRole] = mapped_column(one_of(AssignmentRole))
