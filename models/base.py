"""What every table shares: naming, keys, versions, times."""

from datetime import datetime
from enum import Enum as PyEnum
from typing import ClassVar
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import DateTime, Enum, ForeignKey, ForeignKeyConstraint, MetaData, func
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column


def new_id() -> UUID:
    """A UUIDv7: unique, and sorted by the time it was made."""
    return uuid_utils.compat.uuid7()


class Base(DeclarativeBase):
    """A table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012 - rows are read after their session


class OfOrganization(Base):
    """A row that belongs to one organization, and can't point into another."""

    __abstract__ = True

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Versioned(OfOrganization):
    """A row that people edit; `version` grows by one with each edit."""

    __abstract__ = True

    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class OfOrder:
    """A row that belongs to an order and is seen, locked and logged with it."""

    @declared_attr
    def order_id(cls) -> Mapped[UUID]:  # noqa: N805 - SQLAlchemy passes the class
        """The order it belongs to."""
        return mapped_column()


def to(table: str, column: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key from `column` to a row of `table` in the same organization."""
    return ForeignKeyConstraint(
        ["organization_id", column],
        [f"{table}.organization_id", f"{table}.id"],
        ondelete=ondelete,
    )


def one_of(choices: type[PyEnum], *, checked: bool = True) -> Enum:
    """A column type for `choices`: text by name, so that a new choice needs no type change."""
    return Enum(
        choices,
        native_enum=False,
        create_constraint=checked,
        length=40,
        name=choices.__name__.lower(),
    )
