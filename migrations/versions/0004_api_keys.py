"""API keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """API keys."""
    op.create_table(
        "api_keys",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "scopes",
            postgresql.ARRAY(
                sa.Enum(
                    "ORDERS_READ",
                    "ORDERS_WRITE",
                    "CATALOGUE_READ",
                    "CHAT_READ",
                    "CHAT_WRITE",
                    "LOG_READ",
                    "PEOPLE_READ",
                    "PEOPLE_WRITE",
                    "KEYS_READ",
                    "KEYS_WRITE",
                    name="scope",
                    native_enum=False,
                    length=40,
                )
            ),
            nullable=False,
        ),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
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
            name=op.f("fk_api_keys_organization_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_api_keys_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_api_keys")),
    )
    op.create_index(
        "ix_api_keys_person_id", "api_keys", ["organization_id", "person_id"], unique=False
    )
    op.create_index("ix_api_keys_updated_at", "api_keys", ["updated_at"], unique=False)
    op.create_index("uq_api_keys_previous_hash", "api_keys", ["previous_hash"], unique=True)
    op.create_index("uq_api_keys_secret_hash", "api_keys", ["secret_hash"], unique=True)


def downgrade() -> None:
    """Undo it."""
    op.drop_index("uq_api_keys_secret_hash", table_name="api_keys")
    op.drop_index("uq_api_keys_previous_hash", table_name="api_keys")
    op.drop_index("ix_api_keys_updated_at", table_name="api_keys")
    op.drop_index("ix_api_keys_person_id", table_name="api_keys")
    op.drop_table("api_keys")
