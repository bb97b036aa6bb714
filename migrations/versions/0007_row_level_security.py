"""Row-level security, and doors through it."""

from alembic import op

from migrations.row_security import protect, unprotect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OF_ORGANIZATIONS = (
    "api_keys",
    "assignments",
    "checklist_items",
    "checklist_templates",
    "checklists",
    "credentials",
    "idempotency_records",
    "identities",
    "log_entries",
    "log_heads",
    "mentions",
    "messages",
    "order_services",
    "orders",
    "package_services",
    "packages",
    "people",
    "persisted_documents",
    "read_markers",
    "services",
    "sessions",
)

_DOORS = {
    "door_address(address text)": """
        RETURNS TABLE (organization_id uuid, person_id uuid, may_sign_in boolean) STABLE
        SELECT p.organization_id, p.id, p.suspended_at IS NULL AND EXISTS (
            SELECT FROM credentials c
            WHERE c.organization_id = p.organization_id AND c.person_id = p.id
        ) FROM people p WHERE lower(p.email) = lower(address)""",
    "door_api_key(hash bytea)": """
        RETURNS uuid STABLE
        SELECT organization_id FROM api_keys WHERE secret_hash = hash OR previous_hash = hash""",
    "door_changes(since timestamptz)": """
        RETURNS TABLE (id uuid, at timestamptz) STABLE
        SELECT id, updated_at FROM people WHERE updated_at > since
        UNION ALL SELECT id, ended_at FROM sessions WHERE ended_at > since
        UNION ALL SELECT id, updated_at FROM api_keys WHERE updated_at > since""",
    "door_forget_answers()": """
        RETURNS void VOLATILE
        DELETE FROM idempotency_records WHERE created_at < now() - interval '24 hours'""",
    "door_forget_sessions()": """
        RETURNS void VOLATILE
        DELETE FROM sessions WHERE ended_at < now() - interval '30 days'
            OR expires_at < now() - interval '30 days'""",
    "door_heads(organizations uuid[])": """
        RETURNS TABLE (organization_id uuid, last_seq bigint) STABLE
        SELECT h.organization_id, h.last_seq FROM log_heads h
        WHERE h.organization_id = ANY (organizations)""",
    "door_identity(of_issuer text, of_subject text)": """
        RETURNS uuid STABLE
        SELECT organization_id FROM identities WHERE issuer = of_issuer AND subject = of_subject""",
    "door_invitation(hash bytea)": """
        RETURNS uuid STABLE
        SELECT organization_id FROM credentials WHERE invitation_hash = hash""",
    "door_session(hash bytea)": """
        RETURNS uuid STABLE
        SELECT organization_id FROM sessions WHERE family_hash = hash""",
}
"""What is asked across organizations, and answered by the owner: as little as will do."""


def upgrade() -> None:
    """Row-level security, and doors through it."""
    path = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar()
    for door, definition in _DOORS.items():
        head, body = definition.strip().split("\n", 1)
        op.execute(
            f"CREATE OR REPLACE FUNCTION {door} {head} LANGUAGE sql SECURITY DEFINER"
            f" SET search_path = {path}, pg_temp AS $$ {body} $$"
        )
        op.execute(f"REVOKE ALL ON FUNCTION {door} FROM PUBLIC")
    for table in _OF_ORGANIZATIONS:
        protect(table)
    protect("organizations", column="id")


def downgrade() -> None:
    """Undo it."""
    for table in (*_OF_ORGANIZATIONS, "organizations"):
        unprotect(table)
    for door in _DOORS:
        op.execute(f"DROP FUNCTION {door}")
