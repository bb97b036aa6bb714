"""Persisted documents."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Persisted documents."""
    now = sa.text("now()")
    op.create_table(
        "persisted_documents",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_persisted_documents_organization_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_persisted_documents")),
    )
    op.create_index(
        "uq_persisted_documents_sha256",
        "persisted_documents",
        ["organization_id", "sha256"],
        unique=True,
    )
    op.create_index(
        "ix_persisted_documents_used_at",
        "persisted_documents",
        ["organization_id", "used_at"],
        unique=False,
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_index("ix_persisted_documents_used_at", table_name="persisted_documents")
    op.drop_index("uq_persisted_documents_sha256", table_name="persisted_documents")
    op.drop_table("persisted_documents")
