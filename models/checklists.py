"""Checklists of an order or of one of its services."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from models.base import OfOrder, Versioned, to


class Checklist(OfOrder, Versioned):
    """Steps to be ticked off, on an order or on one service of it."""

    __tablename__ = "checklists"
    __table_args__ = (
        to("orders", "order_id"),
        to("order_services", "order_service_id"),
        Index("ix_checklists_order_id", "organization_id", "order_id", "position"),
        Index("ix_checklists_order_service_id", "organization_id", "order_service_id", "position"),
    )

    order_service_id: Mapped[UUID | None]
    title: Mapped[str]
    position: Mapped[int]


class ChecklistItem(OfOrder, Versioned):
    """One step of a checklist."""

    __tablename__ = "checklist_items"
    __table_args__ = (
        to("orders", "order_id"),
        to("order_services", "order_service_id"),
        to("checklists", "checklist_id", ondelete="CASCADE"),
        to("people", "done_by_id"),
        Index("ix_checklist_items_checklist_id", "organization_id", "checklist_id", "position"),
        Index("ix_checklist_items_order_id", "organization_id", "order_id"),
        Index("ix_checklist_items_order_service_id", "organization_id", "order_service_id"),
    )

    checklist_id: Mapped[UUID]
    order_service_id: Mapped[UUID | None]
    text: Mapped[str]
    position: Mapped[int]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[UUID | None]
