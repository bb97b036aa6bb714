"""Orders: bookings of services for a property."""

from datetime import datetime
from enum import Enum
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Versioned, one_of, to


class OrderStatus(Enum):
    """Where an order stands. Any status can follow any other."""

    PENDING = "PENDING"
    """Booked, not yet begun."""
    IN_PROGRESS = "IN_PROGRESS"
    """Being worked on."""
    POSTPONED = "POSTPONED"
    """Waits."""
    COMPLETED = "COMPLETED"
    """Done."""
    CANCELLED = "CANCELLED"
    """Will not be done."""


class PaymentStatus(Enum):
    """Where the payment of an order stands."""

    UNPAID = "UNPAID"
    """Nothing has been paid."""
    QUOTE_SENT = "QUOTE_SENT"
    """A quote was sent."""
    INVOICE_SENT = "INVOICE_SENT"
    """An invoice was sent."""
    PROMISED_PAYMENT = "PROMISED_PAYMENT"
    """Payment was promised."""
    PARTIALLY_PAID = "PARTIALLY_PAID"
    """A part has been paid."""
    PAID = "PAID"
    """All has been paid."""
    POSTPONED = "POSTPONED"
    """Payment waits."""
    REFUNDED = "REFUNDED"
    """All was paid back."""
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    """A part was paid back."""
    CANCELLED = "CANCELLED"
    """Nothing is to be paid any more."""


class Order(Versioned):
    """One booking of services for a property."""

    __tablename__ = "orders"
    __table_args__ = (
        to("people", "customer_id"),
        Index("uq_orders_number", "organization_id", "number", unique=True),
        Index("ix_orders_created_at", "organization_id", "created_at", "id"),
        Index("ix_orders_status", "organization_id", "status", "created_at", "id"),
        Index("ix_orders_customer_id", "organization_id", "customer_id", "created_at", "id"),
    )

    number: Mapped[int]
    name: Mapped[str]
    status: Mapped[OrderStatus] = mapped_column(one_of(OrderStatus), default=OrderStatus.PENDING)
    payment_status: Mapped[PaymentStatus] = mapped_column(
        one_of(PaymentStatus), default=PaymentStatus.UNPAID
    )
    customer_id: Mapped[UUID]
    due_at: Mapped[datetime | None]
    notes: Mapped[str] = mapped_column(default="")
    property_street: Mapped[str]
    property_unit: Mapped[str] = mapped_column(default="")
    property_city: Mapped[str]
    property_region: Mapped[str] = mapped_column(default="")
    property_postal_code: Mapped[str] = mapped_column(default="")
    property_country: Mapped[str]
    property_entry_notes: Mapped[str] = mapped_column(default="")
