"""Row-level security, as migrations switch it on: one table after the other, without downtime."""

from alembic import op

_WITHIN = "(SELECT nullif(current_setting('callsheet.organization_id', true), '')::uuid)"

# One table is locked at a time, so that nobody who works meanwhile can wait in a circle, and no
# longer than others can bear to wait behind it: a dump may hold a table for an hour.
_PROTECT = """
DO $$
BEGIN
    LOOP
        BEGIN
            SET LOCAL lock_timeout = '300ms';
            LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.3);
        END;
    END LOOP;
    DROP POLICY IF EXISTS of_organization ON {table};
    CREATE POLICY of_organization ON {table} USING ({column} = {within})
        WITH CHECK ({column} = {within});
    DROP POLICY IF EXISTS of_owner ON {table};
    CREATE POLICY of_owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
END $$
"""


def protect(table: str, column: str = "organization_id") -> None:
    """Let a table's rows be seen and written within their organization only, but by the owner.

    It may be done again, after it was interrupted.
    """
    with op.get_context().autocommit_block():
        op.execute(_PROTECT.format(table=table, column=column, within=_WITHIN))


def unprotect(table: str) -> None:
    """Undo it."""
    op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")
    op.execute(f"DROP POLICY of_organization ON {table}")
    op.execute(f"DROP POLICY of_owner ON {table}")
