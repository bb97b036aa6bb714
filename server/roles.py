"""The roles in Postgres: the owner, who migrates, and the API's, who may do what it has to."""

import logging
from collections.abc import Mapping

from sqlalchemy import Connection, text

from core.database import Database
from core.outages import FAILED
from server.local import Servers

_CHANGED = "SELECT, INSERT, UPDATE"
_CHANGED_AND_DELETED = "SELECT, INSERT, UPDATE, DELETE"
GRANTS: Mapping[str, str] = {
    "alembic_version": "SELECT",
    "api_keys": _CHANGED,
    "assignments": _CHANGED_AND_DELETED,
    "attempts": _CHANGED_AND_DELETED,
    "checklist_items": _CHANGED_AND_DELETED,
    "checklist_templates": "SELECT",
    "checklists": _CHANGED_AND_DELETED,
    "credentials": _CHANGED,
    "idempotency_records": _CHANGED,
    "identities": "SELECT, INSERT",
    "log_entries": "SELECT, INSERT",
    "log_heads": "SELECT, UPDATE (last_seq)",
    "mentions": _CHANGED_AND_DELETED,
    "messages": _CHANGED,
    "order_services": _CHANGED,
    "orders": _CHANGED,
    "organizations": "SELECT, UPDATE (last_order_number)",
    "package_services": "SELECT",
    "packages": "SELECT",
    "people": _CHANGED,
    "persisted_documents": _CHANGED_AND_DELETED,
    "read_markers": _CHANGED,
    "services": "SELECT",
    "sessions": _CHANGED,
}
"""What the API does with each table."""

_DOORS = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = current_schema()::regnamespace AND p.prosecdef
"""
_UNOWNED = """
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relrowsecurity
    AND NOT EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'of_owner'
            AND current_user::regrole = ANY (p.polroles)
    )
"""
_PASSES = """
SELECT current_user::text AS role, CASE
    WHEN r.rolsuper THEN 'is a superuser'
    WHEN r.rolbypassrls THEN 'has BYPASSRLS'
    WHEN EXISTS (
        SELECT FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relrowsecurity
            AND pg_has_role(c.relowner, 'MEMBER')
    ) THEN 'owns the tables'
END AS because
FROM pg_roles r WHERE r.rolname = current_user
"""


log = logging.getLogger("callsheet")


class Refused(RuntimeError):
    """A role that may not do what it is given for, or could do too much."""


async def check(servers: Servers, *, pooled: bool) -> None:
    """Warn of an API's role for which row-level security does not hold.

    `Refused` if it was given beside the owner's, which is meant to make it hold.
    """
    database = Database(servers.database_url, pool_size=1, pooled=pooled)
    try:
        because = await passed_by(database)
    except FAILED:
        return  # it is away: the process is not ready, and says so
    finally:
        await database.close()
    if because and servers.database_url != servers.owner_url:
        raise Refused(f"Row-level security does not hold for the API: {because}.")
    if because:
        log.warning("row-level security does not hold: %s; docs/operations.md, Roles", because)


async def passed_by(database: Database) -> str | None:
    """Why row-level security does not hold for our role, in words; None if it does."""
    ((role, because),) = await database.fetch(_PASSES)
    return because and f"the role {role} {because}"


def settle(connection: Connection, role: str) -> None:
    """Let a role do what the API does and nothing else, and the owner of the tables everything.

    Migrations can't say it: the roles have other names in each database. Nor do backups.
    """
    owner = connection.scalar(text("SELECT current_user"))
    for table in connection.scalars(text(_UNOWNED)).all():
        _define(connection, f"DROP POLICY IF EXISTS of_owner ON {table}")
        policy = "TO CURRENT_USER USING (true) WITH CHECK (true)"
        _define(connection, f"CREATE POLICY of_owner ON {table} {policy}")
    doors = ", ".join(connection.scalars(text(_DOORS)))
    _define(connection, f"REVOKE ALL ON FUNCTION {doors} FROM PUBLIC")
    if role == owner:
        return
    quoted = connection.dialect.identifier_preparer.quote(role)
    _define(connection, f"GRANT USAGE ON SCHEMA {_schema(connection)} TO {quoted}")
    _define(connection, f"GRANT EXECUTE ON FUNCTION {doors} TO {quoted}")
    for table, rights in GRANTS.items():
        _define(connection, f"REVOKE ALL ON {table} FROM {quoted}")
        _define(connection, f"GRANT {rights} ON {table} TO {quoted}")


def _schema(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT quote_ident(current_schema())")))


def _define(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)
