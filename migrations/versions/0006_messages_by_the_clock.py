"""Messages by the clock."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A message was written when it is stored, not when its transaction began."""
    op.alter_column("messages", "created_at", server_default=sa.text("clock_timestamp()"))


def downgrade() -> None:
    """Undo it."""
    op.alter_column("messages", "created_at", server_default=sa.text("now()"))
