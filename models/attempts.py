"""How often somebody has tried to sign in."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Attempts(Base):
    """The attempts on one account, or from one address: a bucket that leaks."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_empty_at", "empty_at"),)

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    empty_at: Mapped[datetime]
