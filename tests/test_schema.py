"""The contract of the API: all of it is told, backed by what is stored, and shaped alike."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from arguments_walk import action, doors, mutations, signals
from contract import GUARDED, SEEN, problems
from everything_asked import BESIDE_THE_LOG
from factories import typed
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_introspection_type,
    is_specified_scalar_type,
)
from planted import PLANTED
from scene import Scene
from strawberry.types.base import get_object_definition

import schema
from core import ids, pages
from core.arguments import IdOf, NewId
from core.database import Database
from engine import inputs
from models import SHARED, Base, LogEntry, Person, Versioned, new_id
from schema.base import Connection, Edge
from subscriptions.hub import Hub

API = schema.core()
ROOT = Path(__file__).parent.parent
OURS = [
    each
    for each in API.type_map.values()
    if not is_introspection_type(each) and not is_specified_scalar_type(each)
]
OBJECTS = [each for each in OURS if isinstance(each, GraphQLObjectType)]
"""What clients can be given."""

NODES = [each for each in OBJECTS if "id" in each.fields]
VIEWERS = ["admin", "manager", "staff", "contractor", "customer", "stranger"]


def origin(shown: GraphQLNamedType) -> Any:
    """The class in `schema/` that a type was made from."""
    return shown.extensions["strawberry-definition"].origin


def described(shown: Any) -> Iterator[tuple[str, str | None]]:
    """All that has a description in a type: its coordinate, and the description."""
    yield shown.name, shown.description
    if isinstance(shown, GraphQLEnumType):
        for name, value in shown.values.items():
            yield f"{shown.name}.{name}", value.description
    for name, field in getattr(shown, "fields", {}).items():
        yield f"{shown.name}.{name}", field.description
        for argument, given in getattr(field, "args", {}).items():
            yield f"{shown.name}.{name}.{argument}", given.description


def words(text: str) -> set[str]:
    """The words of a name or a sentence, without those that say nothing."""
    found = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text)
    return {word.lower() for word in found} - {"a", "an", "the", "its", "of", "is", "this"}


def flaw(coordinate: str, text: str | None) -> str | None:
    """Why a description is none."""
    if not text:
        return "is missing"
    if not all(re.fullmatch(r"[A-Z`].*\.", each, re.DOTALL) for each in text.split("\n\n")):
        return "is no sentence"
    if words(text) <= words(coordinate.rpartition(".")[2]):
        return "only repeats the name"
    return None


@pytest.mark.parametrize("shown", OURS, ids=str)
def test_everything_is_described(shown: Any) -> None:
    assert [(at, bad) for at, text in described(shown) if (bad := flaw(at, text))] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, "is missing"),
        ("", "is missing"),
        ("what it is called.", "is no sentence"),
        ("What it is called", "is no sentence"),
        ("What it is called.\n\nand more.", "is no sentence"),
        ("The due date.", "only repeats the name"),
        ("`dueDate`.", "only repeats the name"),
        ("When it is due.", None),
        ("`null` until there is one.\n\nThen that.", None),
    ],
)
def test_a_bad_description_is_found(text: str | None, found: str | None) -> None:
    assert flaw("Order.dueDate", text) == found


def held() -> list[GraphQLObjectType]:
    """The types that show rows; payloads and the parts of lists have tests of their own."""
    roots = [*mutations().values(), *doors().values(), *signals().values()]
    payloads = {get_named_type(field.type) for field in roots}
    return [
        each
        for each in OBJECTS
        if each not in payloads and not each.extensions["strawberry-definition"].concrete_of
    ]


@pytest.mark.parametrize("shown", held(), ids=str)
def test_every_field_is_backed(shown: GraphQLObjectType) -> None:
    own = getattr(origin(shown), "__row__", None)
    row = pages.PageInfo if shown.name == "PageInfo" else own
    assert list(problems(origin(shown), row)) == []


@pytest.mark.parametrize(("planted", "problem"), PLANTED, ids=lambda each: str(each)[:40])
def test_a_field_that_is_not_backed_is_found(planted: type, problem: str) -> None:
    (found,) = problems(planted, getattr(planted, "__row__", None))
    assert problem in found


INSIDE = {"place"}
"""What clients don't see of a page."""


def test_pages_have_what_connections_show() -> None:
    renamed = {"total_count": "count"}
    for connection, page in ((Connection, pages.Page), (Edge, pages.Edge)):
        fields = get_object_definition(connection, strict=True).fields
        names = {renamed.get(field.python_name, field.python_name) for field in fields}
        made = {name for name, each in vars(page).items() if isinstance(each, property)}
        held = {field.name for field in dataclasses.fields(page)} - INSIDE
        assert names == held | made


def test_no_reason_is_left_over() -> None:
    named = {f"{each.name}.{name}" for each in OBJECTS for name in each.fields}
    assert named >= SEEN.keys() | GUARDED.keys()


def test_what_has_an_id_is_a_node_with_a_prefix() -> None:
    assert [each.name for each in NODES if API.type_map["Node"] not in each.interfaces] == []
    assert {origin(each).__row__ for each in NODES} == ids.PREFIXES.keys()
    assert len(set(ids.PREFIXES.values())) == len(ids.PREFIXES)


@pytest.mark.parametrize("model", ids.PREFIXES, ids=lambda model: model.__name__)
def test_ids_round_trip(model: type[Base]) -> None:
    key = new_id()
    assert ids.decode(ids.encode(model, key), "id") == (model, key)
    assert ids.encode(model, key).startswith(f"{ids.PREFIXES[model]}_")


@pytest.fixture(scope="module")
async def other(database: Database, hub: Hub) -> Scene:
    """Another agency."""
    return await Scene.make(database, hub)


async def seen(scene: Scene, person: Person, model: type[Base]) -> Sequence[Any]:
    """The rows of a table that a person sees as nodes; of the log, what is for several people."""
    context = scene.agency.context(person)
    statement = context.select(model)
    if model is LogEntry:
        statement = statement.where(LogEntry.kind.in_(SHARED))
    return await context.now(statement)


@pytest.mark.parametrize("shown", NODES, ids=str)
async def test_a_node_is_found_by_its_id_and_only_in_its_agency(
    scene: Scene, other: Scene, shown: GraphQLObjectType
) -> None:
    model, admin = origin(shown).__row__, scene.agency.admin
    here, *_ = await seen(scene, admin, model)
    there, *_ = await seen(other, other.agency.admin, model)
    document = "query ($id: ID!) { node(id: $id) { __typename id } }"
    found = await scene.agency.ask(admin, document, id=typed(here))
    assert found["node"] == {"__typename": shown.name, "id": typed(here)}
    for missing in (typed(there), ids.encode(model, new_id())):
        assert (await scene.agency.ask(admin, document, id=missing))["node"] is None


def selection(shown: Any, *only: str) -> str:
    """All fields of a type, or only some, down to the next thing with an id."""
    fields = []
    for name in only or shown.fields:
        field = shown.fields[name]
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLObjectType):
            below = "__typename id" if "id" in inner.fields else selection(inner)
            fields.append(f"{name} {{ {below} }}")
        else:
            fields.append(f"{name} {{ __typename }}" if is_abstract_type(inner) else name)
    return " ".join(fields)


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("shown", NODES, ids=str)
async def test_whoever_sees_a_thing_gets_all_of_its_fields(
    scene: Scene, shown: GraphQLObjectType, viewer: str
) -> None:
    person = getattr(scene.agency, viewer)
    rows = (await seen(scene, person, origin(shown).__row__))[:100]
    document = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {shown.name} {{ %s }} }} }}"
    answer = await scene.agency.ask(
        person, document % selection(shown), ids=[typed(row) for row in rows]
    )
    assert [node["id"] for node in answer["nodes"]] == [typed(row) for row in rows]


@pytest.mark.parametrize("shown", NODES, ids=str)
async def test_a_field_says_which_columns_it_reads(scene: Scene, shown: GraphQLObjectType) -> None:
    """Asked alone, it gets no others."""
    rows = (await seen(scene, scene.agency.admin, origin(shown).__row__))[:100]
    document = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {shown.name} {{ %s }} }} }}"
    given = {"ids": [typed(row) for row in rows]}
    together = await scene.agency.ask(scene.agency.admin, document % selection(shown), **given)
    for field in shown.fields:
        alone = await scene.agency.ask(
            scene.agency.admin, document % selection(shown, field), **given
        )
        assert [node[field] for node in alone["nodes"]] == [
            node[field] for node in together["nodes"]
        ]


@pytest.mark.parametrize("name", mutations())
def test_a_mutation_takes_an_input_and_answers_a_payload(name: str) -> None:
    field, title = mutations()[name], name[0].upper() + name[1:]
    assert {name: str(each.type) for name, each in field.args.items()} == {
        "input": f"{title}Input!"
    }
    assert str(field.type) == f"{title}Payload"
    fields = {name: str(each.type) for name, each in field.type.fields.items()}
    assert fields.pop("cursor") == "Cursor!"
    assert fields.pop("secret", "String") == "String"
    [(subject, kind)] = fields.items()
    assert kind == f"{subject[0].upper()}{subject[1:]}!"
    given = get_named_type(field.args["input"].type)
    assert isinstance(given, GraphQLInputObjectType)
    assert str(given.fields["idempotencyKey"].type) == "String"
    expected = given.fields.get("expectedVersion")
    assert (expected and str(expected.type)) == ("Int" if changes(name) else None)


@pytest.mark.parametrize("name", doors())
def test_what_a_visitor_can_do_takes_an_input_and_answers_one_thing(name: str) -> None:
    field, title = doors()[name], name[0].upper() + name[1:]
    assert str(field.args["input"].type) == f"{title}Input!"
    assert str(field.type) == f"{title}Payload"
    [kind] = {str(each.type) for each in field.type.fields.values()}
    assert kind in ("TokenPair!", "Boolean!")


@pytest.mark.parametrize("name", signals())
def test_a_signal_takes_an_input_and_answers_one_thing(name: str) -> None:
    field, title = signals()[name], name[0].upper() + name[1:]
    assert str(field.args["input"].type) == f"{title}Input!"
    assert str(field.type) == f"{title}Payload"
    given = get_named_type(field.args["input"].type)
    assert not given.fields.keys() & {"idempotencyKey", "expectedVersion"}
    [kind] = {str(each.type) for each in field.type.fields.values()}
    assert kind == "Int!"


def changes(name: str) -> bool:
    """Whether a mutation takes the `id` of a row that is there, and has a version."""
    hints = (each.hint for each in inputs.of_function(action(name), skip=1) if each.name == "id")
    marks = [mark for hint in hints for mark in getattr(hint, "__metadata__", ())]
    named = [mark.model for mark in marks if isinstance(mark, IdOf) and type(mark) is not NewId]
    return any(issubclass(model, Versioned) for model in named)


def test_a_subscription_resumes_and_its_events_say_where() -> None:
    assert API.subscription_type
    for name, field in API.subscription_type.fields.items():
        if name in BESIDE_THE_LOG:
            continue
        assert str(field.args["after"].type) == "Cursor", name
        event = get_named_type(field.type)
        assert isinstance(event, GraphQLObjectType)
        assert str(field.type) == f"{event.name}!", name
        assert event.name.endswith("Event")
        fields = {name: str(each.type) for name, each in event.fields.items()}
        assert (fields["type"], fields["cursor"]) == ("StreamEventType!", "Cursor!"), name


def test_schema_graphql_is_up_to_date() -> None:
    written = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    assert written == schema.build().as_str() + "\n", "schema.graphql is stale: run `make schema`"
