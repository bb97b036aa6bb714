"""The pages' tables and numbers are those of the code."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from pages import (
    API,
    CLIENTS,
    ENDS,
    OPERATIONS,
    README,
    REALTIME,
    ROOT,
    SECURITY,
    SIGN_IN,
    column,
    named,
    settings,
    table,
)
from processes import SECRET
from starlette.routing import Route

from core import attempts, ids, sessions
from core.arguments import NewPassword
from core.budgets import Budgets
from core.database import Database
from core.errors import ErrorCode
from core.viewer import Scope
from engine import docs
from models import LogEntry
from server import app as application
from server import websocket
from server.local import Servers
from server.settings import Settings
from server.sockets import SLOW
from server.telemetry.metrics import Metrics, Parts
from server.telemetry.usage import Usage
from subscriptions.budgets import Ledger
from subscriptions.events import StreamEventType
from subscriptions.hub import Hub

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
    "seconds for a body to come": "server.requests.BODY_S",
    "bytes of a WebSocket message": "server.requests.BODY_LIMIT",
    "operations at a time on a WebSocket": "server.websocket._OPERATIONS_LIMIT",
    "subscriptions at a time by HTTP, of a person": "server.state.STREAMS_LIMIT",
    "WebSockets at a time, of a person": "server.state.SOCKETS_LIMIT",
    "operations of a person that are carried out at once in a process; others wait": (
        "core.shares.AT_ONCE"
    ),
    "operations of a person that wait; more are refused": "core.shares.WAITING",
    "orders at a time whose presence a person follows": "subscriptions.rooms.LIMIT",
}
"""Where each limit stands; uvicorn's is tested with the WebSocket."""
TIMES = ("_SILENCE_S", "_ANSWER_S", "_INIT_S")


def limit(place: str) -> Any:
    """The limit that stands there: a number, or that of an argument."""
    found = int(place) if place.isdigit() else named(place)
    return found if isinstance(found, int) else get_args(found)[1].at_most


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


def test_threats_have_tests() -> None:
    for cell in column(SECURITY, "threat", 2):
        for named_test in cell.split(", "):
            file, _, function = named_test.partition("::")
            written = (ROOT / file).read_text()
            assert f"def {function or 'test_'}" in written, named_test


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
    assert f"shown for {named('subscriptions.room.TYPING_S')} seconds" in text
    assert f"gone after {named('subscriptions.room.LOST_S')} seconds" in text
    assert f"At most {named('subscriptions.room.SHOWN')} people" in text
    assert named("subscriptions.rooms.PACE_S") == 1 / 2, "two a second, it says"
    assert named("subscriptions.rooms.GRACE_S") == 2, "two seconds more, it says"
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


def test_metrics_are_told(database: Database, hub: Hub) -> None:
    metrics, ledger = Metrics(), Ledger(Budgets({}), "redis://")
    metrics.registry.register(Parts(database, hub, hub._bus, Usage(API), ledger))  # noqa: SLF001 - as the app does, which has made it
    ours = {
        each.name.removeprefix("callsheet_") + ("_total" if each.type == "counter" else "")
        for each in metrics.registry.collect()
        if each.name.startswith("callsheet_")
    }
    told = {name for cell in column(OPERATIONS, "metric") for name in cell.split(", ")}
    assert told == ours


def test_addresses_are_told() -> None:
    app = application.create(
        Servers("postgresql://", "postgresql://", "redis://", SECRET), Settings()
    )
    served = {route.path for route in app.routes if isinstance(route, Route)}
    assert set(column(OPERATIONS, "address")) == served - {"/", "/graphql"}
