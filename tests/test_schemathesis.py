"""Schemathesis asks all that the schema allows, as several people: no answer is a fault of ours."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from string import ascii_letters
from typing import Any

import pytest
import requests
import schemathesis
from breakable import Breakable, breakable
from engine_search import NIGHTLY, search
from hypothesis import given, seed
from hypothesis import strategies as st
from processes import SECONDS, token
from scene import CALLS, Scene
from schemathesis.checks import not_a_server_error
from schemathesis.graphql import nodes
from schemathesis.graphql.checks import GraphQLServerError

from core.errors import ErrorCode
from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub

Case = schemathesis.Case[Any]
MODES = schemathesis.GenerationMode
ROWS = ("order", "service", "escalated", "checklist", "item", "ticked", "message", "session", "key")
REFUSALS = {code.value for code in ErrorCode} - {ErrorCode.INTERNAL.value}
UNLIMITED = {f"CALLSHEET_{payer}_POINTS": str(10**9) for payer in ("PERSON", "ADDRESS")}
AT_ONCE = "from server import turns; turns.WAIT = turns.SOON = 0"
ASKED = 1_250 if NIGHTLY else 120
"""How many cases of each person there are at least."""

_IDS = [*["what fits"] * 12, *(f"id of {row}" for row in ROWS), "", "ord_", "junk"]
_WORDS = [
    "Twilight photos",
    "@Sam Staff, look",
    "Bergen",
    "nora@example.com",
    "0 1 2 3 4 5 6 7 8 9",
]
_VALUES = {
    "ID": st.sampled_from(_IDS).map(nodes.String),
    "Cursor": st.sampled_from(_IDS).map(nodes.String),
    "Int": st.sampled_from([1, 2, 3, 4, 5, 20, 100, 0, -1, 2**31 - 1]).map(nodes.Int),
    "String": (st.sampled_from(_WORDS) | st.text(ascii_letters, min_size=1) | st.text()).map(
        nodes.String
    ),
}
for _name, _strategy in _VALUES.items():
    schemathesis.graphql.scalar(_name, _strategy)


@dataclass
class Walk:
    """What one person asks, and is told."""

    viewer: str
    url: str
    scene: Scene
    headers: dict[str, str]
    told: Counter[str] = field(default_factory=Counter)
    session: requests.Session = field(default_factory=requests.Session)

    def all(self, api: Any) -> None:
        """Ask for each query and each mutation, again and again, sometimes wrongly."""
        for operation in (found.ok() for found in api.get_all_operations()):
            for mode, cases in ((MODES.POSITIVE, 2), (MODES.NEGATIVE, 1)):
                strategy: st.SearchStrategy[Case] = operation.as_strategy(generation_mode=mode)
                ask = search(cases)(given(strategy)(self.one))
                seed(f"{self.viewer} {operation.label}")(ask)()

    def one(self, case: Case) -> None:
        """Ask one thing about what is there."""
        name = case.operation.label.partition(".")[2]
        case.body = about(self.scene, name, str(case.body))
        response = case.call(self.url, self.session, self.headers, timeout=SECONDS)
        case.validate_response(response, checks=[well_answered], headers=self.headers)
        errors = response.json().get("errors", ())
        self.told.update({each["extensions"]["code"] for each in errors} or {"OK"})


def well_answered(
    context: schemathesis.CheckContext, response: schemathesis.Response, case: Case
) -> None:
    """A check that the answer has the form that the specification wants, and that we know it."""
    with suppress(GraphQLServerError):  # fields that are refused; bugs are told by their code
        not_a_server_error(context, response, case)
    answer = json.loads(response.content)
    assert answer
    assert answer.keys() <= {"data", "errors", "extensions"}
    assert ("data" in answer) == (response.status_code == 200)
    for error in answer.get("errors", ()):
        assert error["message"]
        assert error["extensions"]["code"] in REFUSALS
        assert error.keys() <= {"message", "locations", "path", "extensions"}
    assert answer.get("errors") != []
    assert answer.get("data") or answer["errors"]


def about(scene: Scene, name: str, document: str) -> str:
    """The document with the ids of what is there."""
    fits = CALLS[name](scene) if name in CALLS else {}

    def fitting(match: re.Match[str]) -> str:
        argument, between = match.groups()
        value = fits.get(argument, scene.order)
        return f'{argument}{between}"{value[0] if isinstance(value, list) else value}"'

    document = re.sub(r'(\w+)(: \[?)"what fits"', fitting, document)
    for row in ROWS:
        document = document.replace(f"id of {row}", getattr(scene, row))
    return document


@pytest.fixture(scope="module")
async def scratch(postgres: Postgres, valkey: Valkey, hub: Hub) -> AsyncIterator[Breakable]:
    """A server over a database that nobody else uses: attempts to sign in are counted there."""
    async with breakable(postgres, valkey, hub, UNLIMITED, first=AT_ONCE) as there:
        yield there


@pytest.mark.filterwarnings("ignore:Do not use the `random`")  # it does, for its cases' names
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("viewer", ["admin", "staff", "customer", "nobody"])
async def test_no_answer_is_a_fault_of_ours(scratch: Breakable, hub: Hub, viewer: str) -> None:
    scene = await Scene.make(scratch.agency.database, hub)
    bearer = f"Bearer {token(scene.agency.admin)}"
    url = f"http://{scratch.server.address}/graphql"
    load: Callable[..., Any] = schemathesis.graphql.from_url
    api = await asyncio.to_thread(load, url, headers={"Authorization": bearer})
    headers = {"Accept": "application/graphql-response+json"}
    if viewer != "nobody":
        bearer = token(getattr(scene.agency, viewer), timedelta(hours=1))
        headers["Authorization"] = f"Bearer {bearer}"
    walk = Walk(viewer, url, scene, headers)
    await asyncio.to_thread(walk.all, api)
    assert walk.told.total() >= ASKED
    assert viewer == "nobody" or walk.told["OK"] > walk.told.total() / 50
    assert not [line for line in scratch.server.lines if line["level"] == "error"]
