"""What a document, and an operation, may not exceed; and that to refuse it costs little."""

from collections.abc import Sequence
from typing import Any

import pytest
from api_questions import QUESTIONS, about
from asking import ask, code, send
from engine_compare import Question
from engine_search import search
from factories import Agency, Answer
from graphql import get_introspection_query
from hypothesis import given
from scene import Scene
from sqlalchemy import text
from storage import session_of
from watched import Watched

from engine import columns, costs, documents, limits
from engine.limits import Exceeded, check_nesting
from schema import core, execution

NAME = "{ viewer { person { name } } }"


HOSTILE = {
    "levels of fields": "{ orders { edges { node { services "
    + "{ order { services " * 12
    + "{ id }"
    + " } }" * 12
    + " } } } }",
    "aliases": "{ viewer {" + " ".join(f"a{i}: scopes" for i in range(201)) + "} }",
    "directives": "{ viewer { scopes " + "@include(if: true) " * 201 + "} }",
    "fields": "{ viewer { ...f0 } } "
    + " ".join(f"fragment f{i} on Viewer {{ ...f{i + 1} ...f{i + 1} }}" for i in range(30))
    + " fragment f30 on Viewer { scopes }",
    "fragments within each other": "{ ...f0 } "
    + " ".join(f"fragment f{i} on Query {{ ...f{i + 1} }}" for i in range(70))
    + " fragment f70 on Query { __typename }",
    "brackets within each other": "{a" * 1_000 + "}" * 1_000,
    "pairs of fields with one name": "{ viewer {" + "person { name } " * 40 + "} }",
    "objects on full pages": """{ orders(first: 100) { edges { node {
      feed(first: 100) { edges { node { __typename } } } } } } }""",
}
SCHEMA_READ = {
    "the schema, again and again": "{"
    + " ".join(f"a{i}: __schema {{ types {{ fields {{ name }} }} }}" for i in range(30))
    + "}",
    "its types, again and again": "{ __schema {"
    + " ".join(f"a{i}: types {{ fields {{ name }} }}" for i in range(30))
    + "} }",
    "the fields of each, again and again": "{ __schema { types {"
    + " ".join(f"a{i}: fields {{ name }}" for i in range(30))
    + "} } }",
    "the largest type, again and again": "{"
    + " ".join(
        f'a{i}: __type(name: "Mutation") {{ fields {{ args {{ name }} }} }}' for i in range(40)
    )
    + "}",
    "the types of all fields": "{ __schema { types { fields { type { fields { name } } } } } }",
}
"""Introspections that are too large, though each is small to write."""
"""What is refused by each limit."""


@pytest.mark.parametrize("limit", HOSTILE)
async def test_a_refusal_names_the_limit(agency: Agency, server: Watched, limit: str) -> None:
    response = await ask(server, agency.admin, HOSTILE[limit])
    assert code(response) == "TOO_COSTLY"
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["extensions"]["limit"] == limit
    assert f"{error['extensions']['allowed']:,} {limit}" in error["message"]


@pytest.mark.parametrize("limit", HOSTILE)
async def test_nobody_in_particular_is_only_told_to_sign_in(server: Watched, limit: str) -> None:
    response = await send(server, None, json={"query": HOSTILE[limit]})
    assert code(response) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("{ " + "a " * (documents.TOKENS_LIMIT + 1) + "}", "more than 2500 tokens"),
        ("{ a }" + "#" * documents.LENGTH_LIMIT, "more than 65536 code points"),
    ],
)
async def test_what_is_too_long_is_not_read(
    agency: Agency, server: Watched, document: str, told: str
) -> None:
    response = await ask(server, agency.admin, document)
    assert (response.status_code, code(response)) == (400, "GRAPHQL_PARSE_FAILED")
    assert told in response.json()["errors"][0]["message"]


async def test_a_document_full_of_errors_gets_a_few(agency: Agency, server: Watched) -> None:
    unknown = " ".join(f"@unknown{i}" for i in range(limits.DIRECTIVES))
    response = await ask(server, agency.admin, f"{{ viewer {{ scopes {unknown} }} }}")
    assert len(response.json()["errors"]) <= 21


async def test_values_within_values_are_limited(agency: Agency, server: Watched) -> None:
    filter_: dict[str, Any] = {}
    for _ in range(limits.NESTING + 1):
        filter_ = {"not": filter_}
    document = "query ($filter: OrderFilter) { orders(filter: $filter) { totalCount } }"
    response = await ask(server, agency.admin, document, variables={"filter": filter_})
    assert code(response) == "TOO_COSTLY"


async def test_what_a_socket_asks_is_limited_too(agency: Agency, server: Watched) -> None:
    async with server.socket(agency.admin) as socket:
        for limit, document in HOSTILE.items():
            await socket.subscribe(limit, document)
            refused = await socket.receive()
            assert (refused["id"], refused["type"]) == (limit, "error")
            assert refused["payload"][0]["extensions"]["limit"] == limit
        await socket.subscribe("after", NAME)
        assert (await socket.receive())["payload"]["data"]["viewer"]


async def asked(agency: Agency, document: str, **variables: Any) -> Answer:
    """What staff are answered."""
    return await agency.ask(agency.staff, document, **variables)


@pytest.mark.parametrize("what", SCHEMA_READ)
async def test_what_an_introspection_tells_counts(agency: Agency, what: str) -> None:
    refused = await asked(agency, SCHEMA_READ[what])
    allowed = costs.LIMIT
    assert refused.error == {
        "code": "TOO_COSTLY", "limit": "objects on full pages", "allowed": allowed,
    }  # fmt: skip


async def test_an_introspection_within_itself_is_refused(agency: Agency) -> None:
    inside = "fields { type {" * 3 + "name" + "} }" * 3
    refused = await asked(agency, f'{{ __type(name: "Order") {{ {inside} }} }}')
    assert refused.error["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert refused.errors[0]["message"] == "Maximum introspection depth exceeded"


@pytest.mark.parametrize(
    "document",
    [
        get_introspection_query(input_value_deprecation=True),
        '{ __type(name: "Mutation") { fields { args { name } } } }',
        '{ __type(name: "Kind") { enumValues { name } } }',
        "{ __schema { types { kind interfaces { name } possibleTypes { name } } } }",
        "{ __schema { directives { args { name } } mutationType { fields { name } } } }",
    ],
)
async def test_the_cost_of_an_introspection_is_not_below_what_is_told(
    agency: Agency, document: str
) -> None:
    answer = await asked(agency, document)
    assert not answer.errors
    assert costs.LIMIT > costs.cost(core(), document, None, {}) >= _listed(answer.data)


def _listed(told: Any) -> int:
    """How many elements are in the lists of an answer."""
    if isinstance(told, list):
        return len(told) + sum(map(_listed, told))
    return sum(map(_listed, told.values())) if isinstance(told, dict) else 0


async def test_an_introspection_of_everything_is_allowed(agency: Agency) -> None:
    answer = await asked(agency, get_introspection_query(input_value_deprecation=True))
    assert not answer.errors


def test_brackets_in_texts_and_comments_do_not_count() -> None:
    many = "(" * (limits.NESTING + 1)
    check_nesting(f'{{ a(b: "{many}", c: """{many} "quoted" {many}""") }} # {many}')
    with pytest.raises(Exceeded):
        check_nesting(f'{{ a(b: "\\"", c: {many}')


async def test_fragments_that_contain_themselves_are_refused(agency: Agency) -> None:
    answer = await asked(
        agency,
        "{ viewer { ...f } } fragment f on Viewer { ...g ...g } fragment g on Viewer { ...f ...f }",
    )
    assert answer.errors[0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("document", "variables", "expected"),
    [
        ("{ __typename }", {}, 0),
        ("{ viewer { scopes person { name } } }", {}, 2),
        ("{ orders { edges { node { id } } } }", {}, 1 + 20 * 3),
        ("{ orders(first: 5) { edges { node { id } } } }", {}, 1 + 5 * 3),
        ("{ orders(last: 5) { totalCount } }", {}, 1 + 5),
        ("query ($n: Int) { orders(first: $n) { totalCount } }", {"n": 100}, 1 + 100),
        ("query ($n: Int) { orders(first: $n) { totalCount } }", {}, 1 + 20),
        ("query ($n: Int = 7) { orders(first: $n) { totalCount } }", {}, 1 + 7),
        ("query ($n: Int = 7) { orders(first: $n) { totalCount } }", {"n": 9}, 1 + 9),
        ("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a", "b"]}, 1 + 2),
        ('{ nodes(ids: ["a", "b", "c"]) { ... on Order { customer { id } } } }', {}, 1 + 3 * 2),
        ("mutation { signOut(input: {}) { signedOut } }", {}, 10 + 1),
        ("{ orders(first: 2) { ...f } } fragment f on OrderConnection { edges { cursor } }", {}, 5),
    ],
)
def test_a_cost_is_known_before(document: str, variables: dict[str, Any], expected: int) -> None:
    assert costs.cost(core(), document, None, variables) == expected


@search(40)
@given(QUESTIONS)
async def test_a_cost_is_never_below_what_is_answered(
    scene: Scene, questions: Sequence[tuple[Question, str]]
) -> None:
    for question, viewer in questions:
        asked = about(scene, question)
        person = getattr(scene.agency, viewer)
        answer = await scene.agency.ask(person, asked.document, **asked.variables)
        if answer.data is not None:
            known = costs.cost(core(), asked.document, None, asked.variables)
            assert known >= sum(map(_objects, answer.data.values())), question


def _objects(answer: Any) -> int:
    """How many objects are in an answer; in a list that is not cut into pages, the largest."""
    if isinstance(answer, list):
        return max(map(_objects, answer), default=0)
    if not isinstance(answer, dict):
        return 0
    edges = answer.pop("edges", ())
    return 1 + sum(map(_objects, edges)) + sum(map(_objects, answer.values()))


async def test_an_answer_with_too_many_objects_is_not_made(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await agency.book()
    document = "{ viewer { scopes } orders(first: 3) { edges { node { services { id } } } } }"
    monkeypatch.setattr(columns, "OBJECTS", 13)  # a connection, and 3 x (edge, node, 2 services)
    assert not (await agency.ask(agency.staff, document)).errors
    monkeypatch.setattr(columns, "OBJECTS", 12)
    answer = await agency.ask(agency.staff, document)
    limit = {"code": "TOO_COSTLY", "limit": "objects in an answer", "allowed": 12}
    assert answer.error == limit


async def test_an_operation_has_its_time_and_no_more(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = await agency.book()
    monkeypatch.setattr(execution, "SECONDS", 1)
    refused = {"code": "TOO_COSTLY", "limit": "seconds", "allowed": 1}
    async with session_of(agency.database) as session:
        await session.execute(text("LOCK TABLE orders"))
        assert (await agency.ask(agency.staff, "{ orders { totalCount } }")).error == refused
        answer = await agency.do(agency.staff, "updateOrderNotes", id=order_id, notes="Late")
        assert answer.error == refused
    document = "query ($id: ID!) { order(id: $id) { notes version } }"
    answer = await agency.ask(agency.staff, document, id=order_id)
    assert answer["order"] == {"notes": "", "version": 1}
