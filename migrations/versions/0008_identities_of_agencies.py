"""Identities of agencies."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_DOOR = "door_identities(of_issuer text, of_subject text, address text)"
_PEOPLE = """
    SELECT i.organization_id, i.person_id, true FROM identities i
    JOIN people p ON p.organization_id = i.organization_id AND p.id = i.person_id
    WHERE i.issuer = of_issuer AND i.subject = of_subject AND p.suspended_at IS NULL
    UNION ALL SELECT p.organization_id, p.id, false FROM people p
    WHERE lower(p.email) = lower(address) AND p.suspended_at IS NULL AND NOT EXISTS (
        SELECT FROM identities i WHERE i.organization_id = p.organization_id
            AND i.issuer = of_issuer AND i.subject = of_subject
    )
"""
"""Who is linked is known by the subject alone: then the address finds nobody in that agency."""


def upgrade() -> None:
    """One who signs in elsewhere may be a person in several agencies.

    A process of before can link nobody anew, as it names the old index, until it is replaced; no
    release has been made yet that has identities. It reads by `door_identity`, which stays for now.
    """
    op.drop_index("uq_identities_subject", table_name="identities")
    columns = ["issuer", "subject", "organization_id"]
    op.create_index("uq_identities_subject", "identities", columns, unique=True)
    path = op.get_bind().exec_driver_sql("SELECT quote_ident(current_schema())").scalar()
    op.execute(
        f"CREATE FUNCTION {_DOOR}"
        " RETURNS TABLE (organization_id uuid, person_id uuid, is_linked boolean) STABLE"
        f" LANGUAGE sql SECURITY DEFINER SET search_path = {path}, pg_temp AS $$ {_PEOPLE} $$"
    )
    op.execute(f"REVOKE ALL ON FUNCTION {_DOOR} FROM PUBLIC")


def downgrade() -> None:
    """Undo it; of the people of one subject, only the one who was linked first stays so."""
    op.execute(f"DROP FUNCTION {_DOOR}")
    op.execute(
        "DELETE FROM identities a USING identities b WHERE a.issuer = b.issuer"
        " AND a.subject = b.subject AND (a.created_at, a.id) > (b.created_at, b.id)"
    )
    op.drop_index("uq_identities_subject", table_name="identities")
    op.create_index("uq_identities_subject", "identities", ["issuer", "subject"], unique=True)
