"""Programs from npm: installed in `tests/clients`, and run in a folder of their own."""

import shutil
from pathlib import Path

import pytest
from running import run

CLIENTS = Path(__file__).parent / "clients"
NODE = shutil.which("node")
INSTALLED = CLIENTS / "node_modules"


def needs(*packages: str) -> pytest.MarkDecorator:
    """Skips a test without these packages."""
    missing = NODE is None or not all((INSTALLED / each).exists() for each in packages)
    reason = f"{', '.join(packages)} are not installed: `make test` does so where there is npm"
    return pytest.mark.skipif(missing, reason=reason)


def project(name: str, folder: Path, schema: str) -> Path:
    """A copy of a folder of `tests/clients`, with a schema."""
    shutil.copytree(CLIENTS / name, folder, dirs_exist_ok=True)
    (folder / "schema.graphql").write_text(schema, encoding="utf-8")
    (folder / "node_modules").symlink_to(INSTALLED)
    return folder


async def node(folder: Path, program: str, *arguments: str) -> tuple[int | None, str, str]:
    """The exit status of a program that node runs there, and what it prints."""
    path = INSTALLED / program if (INSTALLED / program).exists() else folder / program
    return await run(folder, str(NODE), path, *arguments)
