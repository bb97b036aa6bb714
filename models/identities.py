"""Whom other issuers know by which name."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from models.base import OfOrganization, to


class Identity(OfOrganization):
    """A person, as an issuer of tokens knows them."""

    __tablename__ = "identities"
    __table_args__ = (
        to("people", "person_id"),
        Index("uq_identities_subject", "issuer", "subject", "organization_id", unique=True),
        Index("ix_identities_person_id", "organization_id", "person_id"),
    )

    person_id: Mapped[UUID]
    issuer: Mapped[str]
    subject: Mapped[str]
