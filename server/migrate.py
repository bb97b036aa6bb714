"""Brings the database to the present schema."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from asyncpg import InsufficientPrivilegeError, UndefinedTableError
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from core.database import Database
from server import roles

_LOCK = 0x0CA115EE7  # any number, but the same for every process

_MAY_MIGRATE = "SELECT has_schema_privilege(current_schema(), 'CREATE') AS may"
_MIGRATIONS = Path(__file__).parent.parent / "migrations"
log = logging.getLogger("callsheet")


class Revision(Enum):
    """How the database's schema compares with the one that this code knows."""

    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"


async def revision_of(database: Database) -> Revision:
    """How the database's schema compares with ours."""
    return _compared(await _found(database))


async def _found(database: Database) -> str | None:
    """The database's revision; None before the first, or if our role is not settled yet."""
    try:
        found = await database.fetch("SELECT version_num FROM alembic_version")
    except (UndefinedTableError, InsufficientPrivilegeError):
        return None
    return found[0]["version_num"] if found else None


async def migrate(database: Database, role: str, revision: str = "head") -> None:
    """Upgrade to `revision`, for the API to work there as `role`.

    Processes that start at once wait for the first of them. A database that is newer than this
    code stays as it is: what is between two releases is done so that the older one can go on.
    """
    if not (await database.fetch(_MAY_MIGRATE))[0]["may"]:
        found = await _found(database)
        if not _is_newer(found) and _compared(found) is Revision.OLDER:
            raise roles.Refused(
                "The database has to be migrated by the role that owns its tables: set"
                " DATABASE_OWNER_URL, or run `python -m server migrate` with it before."
            )
        return
    async with connected(database) as connection:
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        await connection.commit()
        try:
            await connection.run_sync(_upgrade, revision, role)
            await connection.commit()
        finally:
            await connection.rollback()
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[AsyncConnection]:
    """A connection of its own, as Alembic wants it."""
    engine = create_async_engine(database.url, poolclass=NullPool)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


def configured(connection: Connection) -> Config:
    """Alembic's configuration for a connection."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


@cache
def _known() -> list[str]:
    """The revisions that this code knows, the newest first."""
    scripts = ScriptDirectory(str(_MIGRATIONS))
    return [each.revision for each in scripts.walk_revisions()]


def _compared(revision: str | None) -> Revision:
    newest, *older = _known()
    if revision == newest:
        return Revision.CURRENT
    if revision is None or revision in older:
        return Revision.OLDER
    if revision < newest:  # they are numbers
        raise ValueError(f"The database has revision {revision}, which is not one of ours.")
    return Revision.NEWER


def _upgrade(connection: Connection, revision: str, role: str) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    if _is_newer(found):
        return
    connection.commit()  # what is migrated without a transaction can't begin inside of one
    command.upgrade(configured(connection), revision)
    if revision == "head":
        roles.settle(connection, role)


def _is_newer(found: str | None) -> bool:
    """Whether the database is newer than this code, which is logged."""
    is_newer = _compared(found) is Revision.NEWER
    if is_newer:
        log.warning("The database is newer than this code: revision %s", found)
    return is_newer
