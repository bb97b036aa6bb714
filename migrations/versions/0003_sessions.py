"""Sessions, invitations and suspended people."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Sessions, invitations and suspended people."""
    op.create_table(
        "attempts",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("empty_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempts")),
    )
    op.create_index("ix_attempts_empty_at", "attempts", ["empty_at"], unique=False)
    op.create_table(
        "credentials",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("invitation_hash", sa.LargeBinary(), nullable=True),
        sa.Column("invitation_expires_at", sa.DateTime(timezone=True), nullable=True),
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
            name=op.f("fk_credentials_organization_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_credentials_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_credentials")),
    )
    op.create_index(
        "uq_credentials_invitation_hash", "credentials", ["invitation_hash"], unique=True
    )
    op.create_index(
        "uq_credentials_person_id", "credentials", ["organization_id", "person_id"], unique=True
    )
    op.create_table(
        "sessions",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("family_hash", sa.LargeBinary(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column(
            "refreshed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
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
            name=op.f("fk_sessions_organization_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_sessions_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_ended_at", "sessions", ["ended_at"], unique=False)
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], unique=False)
    op.create_index(
        "ix_sessions_person_id", "sessions", ["organization_id", "person_id"], unique=False
    )
    op.create_index("uq_sessions_family_hash", "sessions", ["family_hash"], unique=True)
    op.add_column("people", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_people_email", "people", [sa.literal_column("lower(email)")], unique=False)
    op.create_index("ix_people_updated_at", "people", ["updated_at"], unique=False)


def downgrade() -> None:
    """Undo it."""
    op.drop_index("ix_people_updated_at", table_name="people")
    op.drop_index("ix_people_email", table_name="people")
    op.drop_column("people", "suspended_at")
    op.drop_index("uq_sessions_family_hash", table_name="sessions")
    op.drop_index("ix_sessions_person_id", table_name="sessions")
    op.drop_index("ix_sessions_expires_at", table_name="sessions")
    op.drop_index("ix_sessions_ended_at", table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("uq_credentials_person_id", table_name="credentials")
    op.drop_index("uq_credentials_invitation_hash", table_name="credentials")
    op.drop_table("credentials")
    op.drop_index("ix_attempts_empty_at", table_name="attempts")
    op.drop_table("attempts")
