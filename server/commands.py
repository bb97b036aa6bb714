"""The command line: `python -m server serve | migrate | backup | restore | …`."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn
from alembic import command
from graphql import build_schema
from pydantic import ValidationError
from sqlalchemy import Connection

import schema as api
from core.database import Database
from schema.changes import Changes
from server import app as application
from server import backups, browsers, demo, requests, roles
from server.embedded import Unavailable
from server.ending import Process
from server.local import Servers, servers
from server.migrate import configured, connected, migrate
from server.settings import Settings
from server.sockets import SocketProtocol
from server.telemetry import logs, tracing

_BACKLOG = 2048
_UNSENT = 128 * 1024  # bytes in the kernel, for a client that does not read
_GRACE_S = 10  # for requests that run when the process ends
_UNTAKEN_MS = 30_000  # after which the kernel gives such a client up
_RELEASED = Path(__file__).parent.parent / "schema.released.graphql"

cli = typer.Typer(add_completion=False, no_args_is_help=True)


@cli.command()
def serve(
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 for any.")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
) -> None:
    """Start what is needed, migrate, make the demo agency once, and serve."""
    signal.signal(signal.SIGTERM, _leave)  # so that embedded servers are stopped on the way out
    settings = _settings()
    logs.configure(settings.log_level)
    try:
        with _failing(), servers(settings) as found:
            _serve(found, settings, host or settings.host, settings.port if port is None else port)
    except KeyboardInterrupt:
        typer.echo("Stopped.")


def _leave(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _serve(found: Servers, settings: Settings, host: str, port: int) -> None:
    config = uvicorn.Config(
        application.create(found, settings, tracing()),
        host=host,
        port=port,
        log_config=None,
        access_log=False,  # operations are logged
        ws=SocketProtocol,
        ws_per_message_deflate=False,
        ws_max_size=requests.BODY_LIMIT,
        ws_ping_interval=None,  # it would close with 1011, which clients take as final
        timeout_graceful_shutdown=_GRACE_S,
        server_header=False,
        headers=list(browsers.HEADERS.items()),
    )
    # It listens before it is printed: what is printed can be used at once, or never is.
    with _listening(host, port) as listening:
        address = f"{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        asyncio.run(demo.prepare(found, settings, address))
        asyncio.run(roles.check(found, pooled=settings.pooler))
        Process(config, settings.drain_seconds).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there, and hands down its options to those that it accepts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SystemExit(
            f"Callsheet can't listen on {host}, port {port}: {os.strerror(error.errno or 0)}.\n"
            "Choose another one with --host and --port, or CALLSHEET_HOST and CALLSHEET_PORT."
        ) from None
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # on Linux
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNTAKEN_MS)
    return listening


@cli.command()
def schema() -> None:
    """Print the API in GraphQL's schema language."""
    typer.echo(api.build().as_str())


@cli.command(name="migrate")
def migrate_() -> None:
    """Bring the database to the newest schema, and end."""

    async def run(found: Servers) -> None:
        database = Database(found.owner_url, pool_size=1)
        try:
            await migrate(database, found.role)
        finally:
            await database.close()

    settings = _settings()
    logs.configure(settings.log_level)
    with _failing(), servers(settings) as found:
        asyncio.run(run(found))


@cli.command()
def backup(path: Path) -> None:
    """Write all that is in the database to a file."""
    with _failing(), servers(_settings()) as found:
        asyncio.run(backups.backup(found.owner_url, path))


@cli.command()
def restore(path: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Fill an empty database with what is in such a file."""
    with _failing(), servers(_settings()) as found:
        asyncio.run(backups.restore(found.owner_url, found.role, path))


@contextmanager
def _failing() -> Iterator[None]:
    """Say why something could not be done, without a traceback."""
    try:
        yield
    except (Unavailable, roles.Refused, backups.Failed) as error:
        raise SystemExit(str(error)) from None
    except (ConnectionError, socket.gaierror) as error:
        raise SystemExit(f"The database can't be reached: {error}") from None


def _settings() -> Settings:
    """The settings; ends with what is wrong, but not with what they are: some are secret."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [
            ": ".join([*map(_variable, each["loc"][:1]), each["msg"].removeprefix("Value error, ")])
            for each in error.errors(include_input=False)
        ]
        raise SystemExit("\n".join(wrong)) from None


def _variable(field: int | str) -> str:
    """The variable of the environment that a setting is from."""
    name = str(field)
    return name if name.isupper() else f"CALLSHEET_{name.upper()}"


@cli.command()
def changes() -> None:
    """Print how the API differs from the one that was released last; fail if clients would."""
    released = build_schema(_RELEASED.read_text(encoding="utf-8"))
    found = Changes.between(released, api.core(), datetime.now(UTC).date())
    for title, lines in (("Breaking:", found.breaking), ("To be noticed:", found.dangerous)):
        if lines:
            typer.echo("\n".join([title, *lines]))
    if found.breaking:
        raise SystemExit("Clients would fail: docs/maintaining.md says what to do.")


@cli.command()
def migration(message: str) -> None:
    """Draft a migration from the difference between the models and the database."""

    def draft(connection: Connection) -> None:
        command.revision(configured(connection), message, autogenerate=True)

    async def run(found: Servers) -> None:
        database = Database(found.owner_url)
        await migrate(database, found.role)
        async with connected(database) as connection:
            await connection.run_sync(draft)
        await database.close()

    with servers(_settings()) as found:
        asyncio.run(run(found))
