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
    IN_PROGRESS = "IN_PROGRESS"
    POSTPONED = "POSTPONED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class PaymentStatus(Enum):
    """Where the payment of an order stands."""

    UNPAID = "UNPAID"
    QUOTE_SENT = "QUOTE_SENT"
    INVOICE_SENT = "INVOICE_SENT"
    PROMISED_PAYMENT = "PROMISED_PAYMENT"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    POSTPONED = "POSTPONED"
    REFUNDED = "REFUNDED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    CANCELLED = "CANCELLED"


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
