"""The command line: `python -m server serve | schema | migration`."""

import asyncio
import signal
from typing import Annotated, NoReturn

import typer
import uvicorn
from alembic import command
from sqlalchemy import Connection

import schema as api
from core.database import Database
from server import app as application
from server import browsers, demo, requests
from server.embedded import Unavailable
from server.local import Servers, servers
from server.migrate import configured, migrate
from server.settings import Settings

cli = typer.Typer(add_completion=False, no_args_is_help=True)


@cli.command()
def serve(
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 for any.")] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
) -> None:
    """Start what is needed, migrate, make the demo agency once, and serve."""
    signal.signal(signal.SIGTERM, _leave)  # so that embedded servers are stopped on the way out
    settings = Settings()
    try:
        with servers(settings) as found:
            _serve(found, settings, host or settings.host, settings.port if port is None else port)
    except Unavailable as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        typer.echo("Stopped.")


def _leave(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _serve(found: Servers, settings: Settings, host: str, port: int) -> None:
    config = uvicorn.Config(
        application.create(found, settings),
        host=host,
        port=port,
        log_level="warning",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=requests.BODY_LIMIT,
        ws_ping_interval=None,  # it would close with 1011, which clients take as final
        timeout_graceful_shutdown=10,
        server_header=False,
        headers=list(browsers.HEADERS.items()),
    )
    # It listens before it is printed: what is printed can be used at once, or never is.
    with config.bind_socket() as listening:
        listening.listen()
        address = f"{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        asyncio.run(demo.prepare(found, settings, address))
        uvicorn.Server(config).run(sockets=[listening])


@cli.command()
def schema() -> None:
    """Print the API in GraphQL's schema language."""
    typer.echo(api.build().as_str())


@cli.command()
def migration(message: str) -> None:
    """Draft a migration from the difference between the models and the database."""

    def draft(connection: Connection) -> None:
        command.revision(configured(connection), message, autogenerate=True)

    async def run(url: str) -> None:
        database = Database(url)
        await migrate(database)
        async with database.engine.connect() as connection:
            await connection.run_sync(draft)
        await database.close()

    with servers(Settings()) as found:
        asyncio.run(run(found.database_url))


if __name__ == "__main__":
    cli()
