"""What the peers are made of, installed when it is missing."""

import shutil
import subprocess
from importlib.metadata import version

import orjson
import typer

from benchmarks.servers import NODE, PEERS

_OF_NPM = (
    "mercurius",
    "fastify",
    "graphql-jit",
    "graphql-yoga",
    "dataloader",
    "postgraphile",
    "pg",
)
_OF_PYTHON = (
    "strawberry-graphql",
    "graphql-core",
    "sqlalchemy",
    "asyncpg",
    "uvicorn",
    "uvloop",
    "starlette",
    "orjson",
)


def install() -> None:
    """Install the npm packages of the lock file, if these are not there yet."""
    done = PEERS / "node_modules" / ".package-lock.json"
    wanted = PEERS / "package-lock.json"
    if done.exists() and done.stat().st_mtime >= wanted.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("The peers in JavaScript need npm (Debian: apt install npm).")
    typer.echo("Installing the peers' packages (npm ci)")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=PEERS, check=True)  # noqa: S603 - npm, of this lock file
    done.touch()


def versions() -> dict[str, str]:
    """The versions of what is measured."""
    locked = orjson.loads((PEERS / "package-lock.json").read_bytes())["packages"]
    node = subprocess.run([NODE, "--version"], check=True, capture_output=True, text=True)  # noqa: S603 - our own
    return {
        "node": node.stdout.strip().removeprefix("v"),
        **{name: locked[f"node_modules/{name}"]["version"] for name in _OF_NPM},
        **{name: version(name) for name in _OF_PYTHON},
    }
