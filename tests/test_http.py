"""GraphQL over HTTP, as clients speak it with a real process."""

from collections.abc import AsyncIterator
from datetime import timedelta

import orjson
import pytest
from asking import CLASSIC, MODERN, ask, code, data, send
from breakable import Breakable, breakable
from factories import Agency
from processes import token
from watched import Watched

from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub

NAME = "{ viewer { person { name } } }"
NOTE = """mutation ($id: ID!) {
  updateOrderNotes(input: {id: $id, notes: "Ring twice"}) { order { notes } }
}"""


async def test_a_query_is_answered(agency: Agency, server: Watched) -> None:
    response = await ask(server, agency.manager, NAME)
    assert response.status_code == 200
    assert data(response) == {"viewer": {"person": {"name": "Mia Manager"}}}
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Request-Id"]
    assert "Server" not in response.headers


async def test_a_mutation_is_done(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    response = await ask(server, agency.staff, NOTE, variables={"id": order_id})
    assert response.json()["data"]["updateOrderNotes"]["order"] == {"notes": "Ring twice"}


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (MODERN, MODERN),
        (f"{MODERN}; charset=utf-8, {CLASSIC}; charset=utf-8", MODERN),
        (f"{CLASSIC};q=0.9, {MODERN}", MODERN),
        (f"multipart/mixed, {MODERN.upper()}", MODERN),
        (CLASSIC, CLASSIC),
        ("text/html, application/*", CLASSIC),
        ("*/*", CLASSIC),
        (f"{CLASSIC}, {MODERN};q=0.5", CLASSIC),
        (f"{MODERN};q=0, */*", CLASSIC),
        (f"{CLASSIC};q=0.5;x=y, {MODERN};q=0.4, */*", CLASSIC),
        (None, CLASSIC),
    ],
)
async def test_the_client_chooses_the_media_type(
    agency: Agency, server: Watched, accept: str | None, given: str
) -> None:
    response = await ask(server, agency.admin, "{ __typename }", {"Accept": accept})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == f"{given}; charset=utf-8"


@pytest.mark.parametrize(
    "accept", ["text/html", f"{CLASSIC};q=0", f"{MODERN};q=junk", f"{CLASSIC};q=0, */*", ";;=,;"]
)
async def test_what_the_client_can_not_read_is_not_answered(
    agency: Agency, server: Watched, accept: str
) -> None:
    response = await ask(server, agency.admin, "{ __typename }", {"Accept": accept})
    assert response.status_code == 406
    assert code(response) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer junk", "Bearer a.b.c", "Basic eDp5", "Bearer \xe9\xe9"]
)
async def test_without_a_good_token_nothing_is_told(server: Watched, header: str | None) -> None:
    encoded = header.encode("latin-1") if header else None
    response = await send(server, None, content=b"{}", headers={"Authorization": encoded})
    assert response.status_code == 401
    came = header is not None and header.startswith("Bearer ")
    error = ', error="invalid_token"' if came else ""  # RFC 6750: no error if no token came
    assert response.headers["WWW-Authenticate"] == f'Bearer realm="callsheet"{error}'
    assert code(response) == "UNAUTHENTICATED"


async def test_a_token_without_the_scope_is_told_so_in_either_media_type(
    agency: Agency, server: Watched
) -> None:
    reader = f"Bearer {token(agency.admin, scope='orders:read')}"
    for accept in (MODERN, CLASSIC):
        headers = {"Authorization": reader, "Accept": accept}
        response = await ask(server, agency.admin, NAME, headers)
        assert response.status_code == 403
        assert code(response) == "FORBIDDEN"
        told = 'Bearer realm="callsheet", error="insufficient_scope", scope="people:read"'
        assert response.headers["WWW-Authenticate"] == told


async def test_an_expired_token_is_told_so_in_either_media_type(
    agency: Agency, server: Watched
) -> None:
    expired = f"Bearer {token(agency.admin, -timedelta(seconds=1))}"
    for accept in (MODERN, CLASSIC):
        headers = {"Authorization": expired, "Accept": accept}
        response = await ask(server, agency.admin, NAME, headers)
        assert response.status_code == 401
        assert code(response) == "UNAUTHENTICATED"
        assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


UNUSABLE = [
    ("", "GRAPHQL_PARSE_FAILED"),
    ("{", "GRAPHQL_PARSE_FAILED"),
    ("{ " + "a " * 5_000 + "}", "GRAPHQL_PARSE_FAILED"),
    ("{ __typename } #" + "a" * 65_536, "GRAPHQL_PARSE_FAILED"),
    ("{ a(b: " + "[" * 900 + "]" * 900 + ") }", "TOO_COSTLY"),
    ("query ($a: " + "[" * 900 + "Int" + "]" * 900 + ") { a }", "TOO_COSTLY"),
    ("{ " + "a { " * 450 + "a" + " }" * 451, "TOO_COSTLY"),
    ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
    ("{ __typename @defer }", "GRAPHQL_VALIDATION_FAILED"),
    ("fragment A on Query { __typename }", "GRAPHQL_VALIDATION_FAILED"),
    ("query A { __typename } query B { __typename }", "GRAPHQL_VALIDATION_FAILED"),
    ("query A { __typename } query A { __typename }", "GRAPHQL_VALIDATION_FAILED"),
    ("subscription { mentions { type } }", "GRAPHQL_VALIDATION_FAILED"),
    ("query ($id: ID!) { node(id: $id) { id } }", "BAD_USER_INPUT"),
]


@pytest.mark.parametrize(("query", "expected"), UNUSABLE, ids=lambda value: value[:45])
async def test_what_can_not_be_executed_is_refused_without_data(
    agency: Agency, server: Watched, query: str, expected: str
) -> None:
    modern = await ask(server, agency.admin, query)
    assert modern.status_code == 400
    assert code(modern) == expected
    classic = await ask(server, agency.admin, query, {"Accept": CLASSIC})
    assert classic.status_code == 200
    assert code(classic) == expected


async def test_a_subscription_is_told_where_to_go(agency: Agency, server: Watched) -> None:
    response = await ask(server, agency.admin, "subscription { mentions { type } }")
    assert "WebSocket" in response.json()["errors"][0]["message"]


async def test_a_junk_variable_is_the_clients_fault(agency: Agency, server: Watched) -> None:
    query = "query ($first: Int) { orders(first: $first) { totalCount } }"
    for junk in ("x", 1e99, [1], {}, 2**63):  # type: ignore[var-annotated] # test code, checked by running it
        response = await ask(server, agency.admin, query, variables={"first": junk})
        assert response.status_code == 400
        assert code(response) == "BAD_USER_INPUT"


async def test_the_named_operation_is_executed(agency: Agency, server: Watched) -> None:
    query = "query A { a: __typename } query B { b: __typename }"
    response = await ask(server, agency.admin, query, operationName="B")
    assert data(response) == {"b": "Query"}
    response = await ask(server, agency.admin, query, operationName="C")
    assert response.status_code == 400
    response = await ask(server, agency.admin, "query A { __typename }", operationName="")
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("method", "content_type"),
    [
        ("GET", None),
        ("POST", "text/plain"),
        ("POST", "application/x-www-form-urlencoded"),
        ("POST", "multipart/form-data; boundary=x"),
    ],
)
async def test_what_a_foreign_page_can_make_a_browser_send_does_nothing(
    server: Watched, method: str, content_type: str | None
) -> None:
    """Without a preflight it can send only these, and no `Authorization`; cookies are not read."""
    headers = {"Content-Type": content_type, "Cookie": "session=x", "Accept": "*/*"}
    params = {"query": "{ __typename }"}
    response = await send(server, None, method, params=params, headers=headers)
    assert response.status_code == 401
    assert code(response) == "UNAUTHENTICATED"


async def test_a_query_may_go_by_get(agency: Agency, server: Watched) -> None:
    query = "query A($id: ID!) { node(id: $id) { id } } query B { b: __typename }"
    order_id = await agency.book()
    variables = orjson.dumps({"id": order_id}).decode()
    params = {"query": query, "variables": variables, "operationName": "A", "extensions": ""}
    response = await send(server, agency.admin, "GET", params=params)
    assert data(response) == {"node": {"id": order_id}}
    response = await send(server, agency.admin, "HEAD", params=params)
    assert response.status_code == 200
    assert response.content == b""


async def test_a_mutation_does_not_go_by_get(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    params = {"query": NOTE, "variables": orjson.dumps({"id": order_id}).decode()}
    for method, accept in (("GET", MODERN), ("GET", CLASSIC)):
        response = await send(
            server, agency.staff, method, params=params, headers={"Accept": accept}
        )
        assert response.status_code == 405
        assert response.headers["Allow"] == "POST"
        assert code(response) == "BAD_USER_INPUT"
    assert (await send(server, agency.staff, "HEAD", params=params)).status_code == 405
    both = {**params, "query": "query Safe { __typename } " + NOTE.replace("(", " Note(", 1)}
    for name, status in (("Note", 405), ("Safe", 200)):
        response = await send(server, agency.staff, "GET", params={**both, "operationName": name})
        assert response.status_code == status
    order = await agency.ask(
        agency.staff, "query ($id: ID!) { order(id: $id) { notes } }", id=order_id
    )
    assert order["order"] == {"notes": ""}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
async def test_other_methods_are_not_allowed(agency: Agency, server: Watched, method: str) -> None:
    response = await send(server, agency.admin, method)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert code(response) == "BAD_USER_INPUT"


async def test_what_fails_in_one_place_leaves_the_rest(agency: Agency, server: Watched) -> None:
    query = '{ viewer { person { name } } missing: node(id: "junk") { id } }'
    for accept in (MODERN, CLASSIC):
        response = await ask(server, agency.admin, query, {"Accept": accept})
        assert response.status_code == 200
        answer = response.json()
        assert answer["data"] == {"viewer": {"person": {"name": "Ada Admin"}}, "missing": None}
        (error,) = answer["errors"]
        assert error["path"] == ["missing"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "id"}


@pytest.fixture(scope="module")
async def broken(postgres: Postgres, valkey: Valkey, hub: Hub) -> AsyncIterator[Breakable]:
    """A server process over a database that a test may break."""
    async with breakable(postgres, valkey, hub) as broken:
        yield broken


async def test_a_bug_is_masked_where_it_is(broken: Breakable) -> None:
    query = "{ viewer { person { name } } orders { edges { node { number } } } }"
    for accept in (MODERN, CLASSIC):
        async with broken.without("orders"):
            response = await ask(broken.server, broken.agency.admin, query, {"Accept": accept})
        assert response.status_code == 200
        answer = response.json()
        assert answer["data"] is None or answer["data"]["viewer"] == {
            "person": {"name": "Ada Admin"}
        }
        (error,) = answer["errors"]
        assert error["path"][0] == "orders"
        assert response.headers["X-Request-Id"] == broken.request_id(error)
        assert "SELECT" not in response.text


async def test_a_bug_before_anything_is_executed_is_masked_too(broken: Breakable) -> None:
    strangers = (broken.agency.manager, broken.agency.staff)  # whom it has to look up
    for accept, stranger in zip((MODERN, CLASSIC), strangers, strict=True):
        async with broken.without("people"):
            response = await ask(broken.server, stranger, NAME, {"Accept": accept})
        assert response.status_code == 500
        assert code(response) == "INTERNAL"
        request_id = broken.request_id(response.json()["errors"][0])
        assert response.headers["X-Request-Id"] == request_id


async def test_when_the_fault_is_mended_all_is_well(broken: Breakable) -> None:
    async with broken.without("people"):
        await ask(broken.server, broken.agency.admin, NAME)
    assert (await ask(broken.server, broken.agency.admin, NAME)).status_code == 200
