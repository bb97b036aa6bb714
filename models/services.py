"""The catalogue: services, their templates, and packages of them."""

from enum import Enum
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import OfOrganization, Versioned, one_of, to


class ServiceKind(Enum):
    """Whether a service stands alone."""

    CORE = "CORE"
    """It stands alone."""
    ADD_ON = "ADD_ON"
    """It makes sense beside a core service only."""


class Service(Versioned):
    """A service of the catalogue that can be booked."""

    __tablename__ = "services"
    __table_args__ = (Index("ix_services_position", "organization_id", "position", "id"),)

    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    category: Mapped[str]
    kind: Mapped[ServiceKind] = mapped_column(one_of(ServiceKind))
    position: Mapped[int]
    notes: Mapped[str] = mapped_column(default="")


class ChecklistTemplate(Versioned):
    """A checklist that is copied to each order; of a service, or of the order itself."""

    __tablename__ = "checklist_templates"
    __table_args__ = (
        to("services", "service_id"),
        Index("ix_checklist_templates_service_id", "organization_id", "service_id", "position"),
    )

    service_id: Mapped[UUID | None]
    title: Mapped[str]
    position: Mapped[int]
    items: Mapped[list[str]] = mapped_column(ARRAY(Text))


class Package(Versioned):
    """Several services that are booked as one."""

    __tablename__ = "packages"
    __table_args__ = (Index("ix_packages_position", "organization_id", "position", "id"),)

    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    position: Mapped[int]


class PackageService(OfOrganization):
    """A service in a package."""

    __tablename__ = "package_services"
    __table_args__ = (
        to("packages", "package_id"),
        to("services", "service_id"),
        Index(
            "uq_package_services_service",
            "organization_id",
            "package_id",
            "service_id",
            unique=True,
        ),
    )

    package_id: Mapped[UUID]
    service_id: Mapped[UUID]
    position: Mapped[int]
