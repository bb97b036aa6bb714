"""Scopes: what a token is good for, stated in the schema, and asked of whole operations."""

from typing import Any

import pytest
import schema_walk
from arguments_walk import action, mutations
from everything_asked import questions
from factories import BOTH, Agency, typed
from scene import CALLS, Scene
from stage import OTHERS, Stage

import schema
from core.arguments import IdOf
from core.database import Database
from core.viewer import READING, WRITING, Scope, in_words, scopes_in
from engine import inputs
from schema import scopes as stated
from subscriptions.hub import Hub

pytestmark = pytest.mark.usefixtures("unlimited")

ANYBODY = {"viewer", "node", "nodes"}
"""The root fields that state no scope: what they lead to does."""
FEED = """subscription ($id: ID!) { orderFeed(orderId: $id) {
  type entry { ... on Message { text } }
} }"""


def scopes_of(operation: str, name: str) -> list[Scope]:
    """The scopes that are stated at a root field."""
    field = schema_walk.root(operation)[name]
    return stated.of_field(field.extensions["strawberry-definition"])


def refused(answer: Any) -> list[Any]:
    """The extensions of an answer's errors; it may have no data."""
    assert answer.data is None
    return [error["extensions"] for error in answer.errors]


@pytest.mark.parametrize("operation", ["query", "mutation", "subscription"])
def test_every_root_field_states_its_scope(operation: str) -> None:
    silent = {name for name in schema_walk.root(operation) if not scopes_of(operation, name)}
    assert silent == {"query": ANYBODY, "mutation": schema.DOORS, "subscription": set()}[operation]
    wanted = WRITING if operation == "mutation" else READING
    for name in schema_walk.root(operation).keys() - silent:
        assert set(scopes_of(operation, name)) <= wanted
        assert "Needs the scope `" in (schema_walk.root(operation)[name].description or "")


@pytest.mark.parametrize(
    "missing", [each for each in Scope if each in READING], ids=lambda scope: scope.name
)
async def test_without_a_scope_what_needs_it_is_not_told(scene: Scene, missing: Scope) -> None:
    needing = set()
    for name, given in questions("query", [scene.order]):
        document = schema_walk.document("query", name, given)
        answer = await scene.agency.ask_within(
            BOTH - {missing}, scene.agency.admin, document, **given
        )
        if answer.errors:
            assert refused(answer) == [{"code": "FORBIDDEN", "scope": missing.value}]
            needing.add(name)
        assert not answer.errors or missing.value in answer.errors[0]["message"]
        if missing in scopes_of("query", name):
            assert answer.errors
    assert needing


@pytest.mark.parametrize("name", mutations())
async def test_without_its_scope_an_action_is_not_done(scene: Scene, name: str) -> None:
    (scope,) = scopes_of("mutation", name)
    document = schema_walk.document("mutation", name, ["input"])
    answer = await scene.agency.ask_within(
        BOTH - {scope}, scene.agency.admin, document, input=CALLS[name](scene)
    )
    assert refused(answer) == [{"code": "FORBIDDEN", "scope": scope.value}]


@pytest.mark.parametrize(
    ("document", "missing"),
    [
        ("{ orders { edges { node { lastMessage { text } } } } }", ["chat:read"]),
        ("{ orders { edges { node { customer { name } } } } }", ["people:read"]),
        ("{ orders { edges { node { feed { totalCount } } } } }", ["log:read"]),
        ("{ orders { edges { node { services { service { name } } } } } }", ["catalogue:read"]),
        ("{ orders { ...F } } fragment F on OrderConnection { totalCount }", []),
        (
            """{ orders { edges { node { ...F } } } }
            fragment F on Order { customer { ...P } lastMessage { id } }
            fragment P on Person { email }""",
            ["chat:read", "people:read"],
        ),
        ('{ node(id: "junk") { ... on Message { text } } }', ["chat:read"]),
        ("query A { orders { totalCount } } query B { people { totalCount } }", []),
        ("query B { people { totalCount } } query A { orders { totalCount } }", []),
        ("{ viewer { scopes organization { name } } __schema { types { name } } }", []),
        (
            "query ($no: Boolean = false) { people @include(if: $no) { totalCount } }",
            ["people:read"],
        ),
    ],
)
async def test_a_scope_is_needed_wherever_the_thing_is_asked_for(
    agency: Agency, document: str, missing: list[str]
) -> None:
    name = "A" if "query A" in document else None
    context = agency.context(agency.admin, frozenset({Scope.ORDERS_READ}))
    result = await schema.build().execute(document, {}, context, operation_name=name)
    told = [error.original_error for error in result.errors or ()]
    assert [getattr(each, "extensions", None) for each in told] == [
        {"code": "FORBIDDEN", "scope": scope} for scope in missing
    ]
    assert (result.data is None) == bool(missing)


async def test_a_stream_is_not_followed_without_its_scopes_even_beside_one_that_is(
    agency: Agency,
) -> None:
    order = await agency.book()
    async with agency.watch(agency.staff, FEED, id=order) as stream:
        await anext(stream)
        few = frozenset({Scope.LOG_READ})
        async with agency.watch_within(few, agency.admin, FEED, id=order) as other:
            assert refused(await anext(other)) == [{"code": "FORBIDDEN", "scope": "chat:read"}]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", frozenset()),
        ("read", READING),
        ("read write", frozenset(Scope)),
        ("write chat:read", WRITING | {Scope.CHAT_READ}),
        ("orders:read orders:write", frozenset({Scope.ORDERS_READ, Scope.ORDERS_WRITE})),
    ],
)
def test_scopes_are_named_shortly(text: str, meant: frozenset[Scope]) -> None:
    assert scopes_in(text) == meant
    assert in_words(meant) == text


CAN = "query ($action: Action!, $id: ID) { viewer { can(action: $action, id: $id) } }"


def enum_name(name: str) -> str:
    """The value of `Action` for a mutation."""
    return "".join(f"_{each}" if each.isupper() else each.upper() for each in name)


def done_to(name: str, given: dict[str, Any]) -> str | None:
    """The id of the thing that a mutation is done to: what its rule is asked about."""
    for each in inputs.of_function(action(name), skip=1):
        found: list[Any] = inputs.parsers(each.hint)
        if any(type(parser) is IdOf for parser in found):
            return str(given[each.alias])
    return None


NOT_STAFF = {
    *("invitePerson", "renewInvitation", "suspendPerson", "reinstatePerson"),
    *("endSession", "editMessage", "deleteMessage"),  # which are the admin's
    *("createApiKey", "rotateApiKey", "revokeApiKey"),
}


async def test_whoever_is_told_that_they_can_can(database: Database, hub: Hub) -> None:
    stage = await Stage.make(database, hub)
    agency, before = stage.agency, stage.contents()
    given = {name: stage.marked.given(name) for name in CALLS}
    told = {}
    for role, by in stage.people.items():
        for name in CALLS:
            asked = {"action": enum_name(name), "id": done_to(name, given[name])}
            told[role, name] = (await agency.ask(by, CAN, **asked))["viewer"]["can"]
    assert (await stage.look()).contents() == before
    assert {name for name in CALLS if not told["admin", name]} == set()
    assert {name for name in CALLS if not told["staff", name]} == NOT_STAFF
    for role in OTHERS:
        for name in CALLS:
            answer = await agency.do(stage.people[role], name, **given[name])
            codes = {error["extensions"]["code"] for error in answer.errors}
            assert told[role, name] == (not codes & {"FORBIDDEN", "NOT_FOUND"}), (role, name)
    assert {told[role, name] for role in OTHERS for name in CALLS} == {True, False}


async def test_can_says_what_it_needs(agency: Agency) -> None:
    order = await agency.book()
    for asked in (
        {"action": "SET_ORDER_STATUS"},
        {"action": "SET_ORDER_STATUS", "id": typed(agency.staff)},
        {"action": "INVITE_PERSON", "id": order},
        {"action": "SET_ORDER_STATUS", "id": "junk"},
    ):
        answer = await agency.ask(agency.admin, CAN, **asked)
        assert answer.error == {"code": "BAD_USER_INPUT", "field": "id"}


async def test_nobody_can_what_the_token_is_not_good_for(agency: Agency) -> None:
    asked = {"action": "SET_ORDER_STATUS", "id": await agency.book()}
    for scopes, can in ((BOTH, True), (BOTH - {Scope.ORDERS_WRITE}, False)):
        answer = await agency.ask_within(scopes, agency.admin, CAN, **asked)
        assert answer["viewer"] == {"can": can}
