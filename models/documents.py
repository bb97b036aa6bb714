"""GraphQL documents that clients name by their hash."""

from datetime import datetime

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OfOrganization


class PersistedDocument(OfOrganization):
    """A document that someone of an organization has sent once, with its hash."""

    __tablename__ = "persisted_documents"
    __table_args__ = (
        Index("uq_persisted_documents_sha256", "organization_id", "sha256", unique=True),
        Index("ix_persisted_documents_used_at", "organization_id", "used_at"),
    )

    sha256: Mapped[str]
    text: Mapped[str]
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
