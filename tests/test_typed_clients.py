"""Clients whose types are made from the schema, by graphql-codegen and by ariadne-codegen."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from factories import Agency
from npm import CLIENTS, needs, node, project
from processes import token
from running import run
from watched import Watched

import schema

CODEGEN, TSC = "@graphql-codegen/cli/esm/bin.js", "typescript/bin/tsc"
PYTHON = CLIENTS / "python"
ARIADNE = PYTHON / ".venv" / "bin"
needs_codegen = needs("@graphql-codegen/cli", "@graphql-codegen/client-preset", "typescript")


async def in_typescript(folder: Path, main: tuple[str, str] = ("", "")) -> tuple[int | None, str]:
    """Makes the client in TypeScript and checks its types, with something in it replaced."""
    made = project("typed", folder, schema.build().as_str())
    text = (made / "src" / "main.ts").read_text()
    assert main[0] in text
    (made / "src" / "main.ts").write_text(text.replace(*main))
    code, out, err = await node(made, CODEGEN, "--config", "codegen.json")
    if code == 0:
        code, out, err = await node(made, TSC, "-p", ".")
    return code, out + err


async def booked(agency: Agency) -> tuple[str, dict[str, Any]]:
    """An order of the agency, its only one, and what a client must tell of it."""
    order = await agency.book()
    ask = "query ($id: ID!) { order(id: $id) { number createdAt progress { done total } } }"
    found = (await agency.ask(agency.staff, ask, id=order))["order"]
    left = found["progress"]["total"] - found["progress"]["done"]
    return found["createdAt"][:4], {"number": found["number"], "left": left}


@needs_codegen
async def test_a_client_in_typescript_is_made_checked_and_works(
    agency: Agency, server: Watched, tmp_path: Path
) -> None:
    year, told = await booked(agency)
    assert await in_typescript(tmp_path) == (0, "")
    url = f"http://{server.address}/graphql"
    code, out, err = await node(tmp_path, "out/main.js", url, token(agency.staff))
    assert (code, err) == (0, "")
    assert json.loads(out) == {**told, "year": year, "status": "IN_PROGRESS"}


@needs_codegen
@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("createdAt progress", "createdAtt progress", 'Cannot query field "createdAtt"'),
        ('"IN_PROGRESS"', '"BEGUN"', "'\"BEGUN\"' is not assignable"),
        ("input: { id, status: next }", "input: { status: next }", "Property 'id' is missing"),
        ("{ id, number,", "{ id, total,", "Property 'total' does not exist"),
    ],
)
async def test_a_client_in_typescript_that_errs_is_not_made(
    tmp_path: Path, right: str, wrong: str, problem: str
) -> None:
    code, told = await in_typescript(tmp_path, (right, wrong))
    assert code != 0
    assert problem in told


@pytest.mark.skipif(
    not (ARIADNE / "ariadne-codegen").exists(),
    reason="ariadne-codegen is not installed: `make test` does so where there is a network",
)
async def test_a_client_in_python_is_made_and_works(
    agency: Agency, server: Watched, tmp_path: Path
) -> None:
    year, told = await booked(agency)
    for name in ("main.py", "operations.graphql", "pyproject.toml"):
        shutil.copy(PYTHON / name, tmp_path)
    (tmp_path / "schema.graphql").write_text(schema.build().as_str(), encoding="utf-8")
    code, out, err = await run(tmp_path, ARIADNE / "ariadne-codegen")
    assert code == 0, out + err
    url = f"http://{server.address}/graphql"
    code, out, err = await run(tmp_path, ARIADNE / "python", "main.py", url, token(agency.staff))
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        **told,
        "year": int(year),
        "status": "IN_PROGRESS",
        "last": "Activity",
        "code": "CONFLICT",
    }
