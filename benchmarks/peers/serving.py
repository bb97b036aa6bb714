"""How the peers in Python are served."""

import socket

import typer
import uvicorn
from starlette.types import ASGIApp

_BACKLOG = 2048


def serve(app: ASGIApp) -> None:
    """Serve on a free port, and print where: uvicorn at its quickest.

    Nothing is compressed, and nobody is asked for signs of life.
    """
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        log_level="warning",
    )
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(_BACKLOG)  # before it is printed
        typer.echo(f"API http://127.0.0.1:{listening.getsockname()[1]}/graphql")
        uvicorn.Server(config).run(sockets=[listening])
