"""Documents of keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """API keys may be limited to some documents; a process of before does not know of that."""
    op.add_column("api_keys", sa.Column("documents", ARRAY(sa.Text), nullable=True))


def downgrade() -> None:
    """Undo it: keys that were limited would be good for everything, so they end."""
    op.execute("UPDATE api_keys SET revoked_at = now() WHERE documents IS NOT NULL")
    op.drop_column("api_keys", "documents")
