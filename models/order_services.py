"""The services of an order, as they move through production."""

from datetime import datetime
from enum import Enum
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OfOrder, Versioned, one_of, to


class ServiceStatus(Enum):
    """The stage a service of an order has reached. Any stage can follow any other."""

    PRE_PRODUCTION = "PRE_PRODUCTION"
    """Being prepared."""
    PRODUCTION = "PRODUCTION"
    """Being shot."""
    POST_PRODUCTION = "POST_PRODUCTION"
    """Being edited."""
    COMPLETE = "COMPLETE"
    """Done."""
    ARCHIVED = "ARCHIVED"
    """Taken off the order."""


class OrderService(OfOrder, Versioned):
    """A service on an order."""

    __tablename__ = "order_services"
    __table_args__ = (
        to("orders", "order_id"),
        to("services", "service_id"),
        to("packages", "package_id"),
        to("people", "escalated_by_id"),
        Index("ix_order_services_order_id", "organization_id", "order_id", "status", "position"),
        Index("ix_order_services_service_id", "organization_id", "service_id", "order_id"),
    )

    service_id: Mapped[UUID | None]
    package_id: Mapped[UUID | None]
    name: Mapped[str]
    status: Mapped[ServiceStatus] = mapped_column(
        one_of(ServiceStatus), default=ServiceStatus.PRE_PRODUCTION
    )
    position: Mapped[int]
    notes: Mapped[str] = mapped_column(default="")
    escalated_at: Mapped[datetime | None]
    escalated_by_id: Mapped[UUID | None]
    escalation_reason: Mapped[str] = mapped_column(default="")
