"""Identities."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Identities."""
    op.create_table(
        "identities",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "person_id"],
            ["people.organization_id", "people.id"],
            name=op.f("fk_identities_organization_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_identities_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_identities")),
    )
    op.create_index(
        "ix_identities_person_id", "identities", ["organization_id", "person_id"], unique=False
    )
    op.create_index("uq_identities_subject", "identities", ["issuer", "subject"], unique=True)


def downgrade() -> None:
    """Undo it."""
    op.drop_index("uq_identities_subject", table_name="identities")
    op.drop_index("ix_identities_person_id", table_name="identities")
    op.drop_table("identities")
