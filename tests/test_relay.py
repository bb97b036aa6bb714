"""Relay: its server rules, and its compiler on our schema.

https://relay.dev/docs/guides/graphql-server-specification
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)

import schema

CLIENTS = Path(__file__).parent / "clients"
COMPILER = CLIENTS / "node_modules" / "relay-compiler" / "cli.js"
NODE = shutil.which("node")
SDL = """
interface Node { id: ID! }
type Query {
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  things(first: Int, after: Cursor, last: Int, before: Cursor): ThingConnection!
}
type Thing implements Node { id: ID! }
type ThingConnection { edges: [ThingEdge!]! pageInfo: PageInfo! }
type ThingEdge { node: Thing! cursor: Cursor! }
type PageInfo {
  hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: Cursor endCursor: Cursor
}
scalar Cursor
"""


def violations(api: GraphQLSchema) -> Iterator[str]:
    """What Relay's server rules forbid in a schema."""
    yield from _identification(api)
    yield from _page_info(api)
    for each in api.type_map.values():
        if isinstance(each, GraphQLObjectType):
            if each.name.endswith("Connection"):
                yield from _connection(each)
            for name, field in each.fields.items():
                if get_named_type(field.type).name.endswith("Connection"):
                    yield from _arguments(f"{each.name}.{name}", field)


def _identification(api: GraphQLSchema) -> Iterator[str]:
    node = api.type_map.get("Node")
    if not isinstance(node, GraphQLInterfaceType) or _types(node) != {"id": "ID!"}:
        yield "Node must be an interface with `id: ID!` alone"
        return
    roots = api.query_type.fields if api.query_type else {}
    for name, argument, kind, returns in (
        ("node", "id", "ID!", "Node"),
        ("nodes", "ids", "[ID!]!", "[Node]!"),
    ):
        field = roots.get(name)
        if field is None or str(field.type) != returns:
            yield f"Query.{name} must be there and give {returns}"
        elif {name: str(each.type) for name, each in field.args.items()} != {argument: kind}:
            yield f"Query.{name} must take `{argument}: {kind}` alone"
    for each in api.type_map.values():
        if isinstance(each, GraphQLObjectType) and "id" in each.fields:
            if node not in each.interfaces:
                yield f"{each.name} has an id and must be a Node"
            if str(each.fields["id"].type) != "ID!":
                yield f"{each.name}.id must be `ID!`"


def _page_info(api: GraphQLSchema) -> Iterator[str]:
    info = api.type_map.get("PageInfo")
    given = _types(info) if isinstance(info, GraphQLObjectType) else {}
    wanted = {"hasNextPage": "Boolean!", "hasPreviousPage": "Boolean!"}
    if given | wanted != given:
        yield "PageInfo must have `hasNextPage: Boolean!` and `hasPreviousPage: Boolean!`"
    if not {"startCursor", "endCursor"} <= given.keys():
        yield "PageInfo must have `startCursor` and `endCursor`"
    elif {given["startCursor"], given["endCursor"]} != {_cursor(api)}:
        yield "the cursors of PageInfo must be nullable, and of the type of the edges' cursors"


def _cursor(api: GraphQLSchema) -> str:
    edges = (each for name, each in api.type_map.items() if name.endswith("Edge"))
    return next((str(_bare(each, "cursor")) for each in edges), "String")


def _connection(shown: GraphQLObjectType) -> Iterator[str]:
    if str(_type(shown, "pageInfo")) != "PageInfo!":
        yield f"{shown.name}.pageInfo must be `PageInfo!`"
    edges = get_nullable_type(_type(shown, "edges"))
    edge = get_named_type(edges)
    if not isinstance(edges, GraphQLList) or not isinstance(edge, GraphQLObjectType):
        yield f"{shown.name}.edges must be a list of objects"
        return
    if not edge.name.endswith("Edge"):
        yield f"{edge.name} must be called an Edge"
    if _type(edge, "node") is None or isinstance(_bare(edge, "node"), GraphQLList):
        yield f"{edge.name}.node must be there, and no list"
    if not isinstance(_type(edge, "cursor"), GraphQLNonNull) or not is_leaf_type(
        _bare(edge, "cursor")
    ):
        yield f"{edge.name}.cursor must be a scalar, and not null"


def _arguments(where: str, field: GraphQLField) -> Iterator[str]:
    given = {name: str(each.type) for name, each in field.args.items()}
    connection: Any = get_named_type(field.type)
    edge: Any = get_named_type(_type(connection, "edges"))
    cursor = str(_bare(edge, "cursor")) if hasattr(edge, "fields") else "String"
    wanted = {"first": "Int", "after": cursor, "last": "Int", "before": cursor}
    if given | wanted != given:
        yield f"{where} must take first, after, last and before"


def _types(shown: GraphQLObjectType | GraphQLInterfaceType) -> dict[str, str]:
    return {name: str(field.type) for name, field in shown.fields.items()}


def _type(shown: Any, name: str) -> Any:
    field = shown.fields.get(name)
    return field and field.type


def _bare(shown: Any, name: str) -> Any:
    return get_nullable_type(_type(shown, name))


def test_the_schema_keeps_the_rules() -> None:
    assert list(violations(schema.core())) == []


def test_a_small_schema_keeps_the_rules() -> None:
    assert list(violations(build_schema(SDL))) == []


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("interface Node { id: ID! }", "interface Node { id: ID }", "Node must be"),
        ("interface Node { id: ID! }", "interface Node { id: ID! at: Int }", "Node must be"),
        ("node(id: ID!): Node", "node(id: ID!): Thing", "Query.node must be there"),
        ("node(id: ID!): Node", "node(id: String!): Node", "Query.node must take"),
        ("nodes(ids: [ID!]!): [Node]!", "", "Query.nodes must be there"),
        ("nodes(ids: [ID!]!)", "nodes(ids: [ID!]!, at: Int)", "Query.nodes must take"),
        ("Thing implements Node", "Thing", "Thing has an id"),
        ("edges: [ThingEdge!]!", "edges: ThingEdge!", "edges must be a list"),
        ("edges: [ThingEdge!]!", "edges: [ID!]!", "edges must be a list"),
        ("ThingEdge", "ThingLink", "must be called an Edge"),
        ("node: Thing!", "node: [Thing!]!", "ThingEdge.node must be"),
        ("node: Thing!", "thing: Thing!", "ThingEdge.node must be"),
        ("cursor: Cursor!", "cursor: Cursor", "ThingEdge.cursor must be"),
        ("pageInfo: PageInfo!", "pageInfo: PageInfo", "pageInfo must be"),
        ("hasNextPage: Boolean!", "hasNextPage: Boolean", "PageInfo must have"),
        ("startCursor: Cursor ", "", "PageInfo must have"),
        ("startCursor: Cursor ", "startCursor: Cursor! ", "the cursors of PageInfo"),
        ("after: Cursor,", "after: String,", "Query.things must take"),
        ("last: Int, ", "", "Query.things must take"),
    ],
)
def test_a_broken_rule_is_found(right: str, wrong: str, problem: str) -> None:
    assert right in SDL
    api = build_schema(SDL.replace(right, wrong), assume_valid=True)
    assert any(problem in found for found in violations(api))


def compiled(project: Path, sdl: str) -> subprocess.CompletedProcess[str]:
    """What relay-compiler says to our small application over a schema."""
    assert NODE
    shutil.copytree(CLIENTS / "relay", project, dirs_exist_ok=True)
    (project / "schema.graphql").write_text(sdl, encoding="utf-8")
    (project / "artifacts").mkdir()
    command = [NODE, str(COMPILER), "relay.config.json"]
    return subprocess.run(  # noqa: S603 - installed by us
        command, cwd=project, capture_output=True, text=True, timeout=60, check=False
    )


needs_compiler = pytest.mark.skipif(
    NODE is None or not COMPILER.exists(),
    reason="relay-compiler is not installed: `make` does so where there is npm",
)


@needs_compiler
def test_relay_compiler_takes_the_schema(tmp_path: Path) -> None:
    done = compiled(tmp_path, schema.build().as_str())
    assert done.returncode == 0, done.stdout + done.stderr
    made = {path.name.partition(".")[0]: path.read_text() for path in tmp_path.glob("artifacts/*")}
    assert "node(id: $id)" in made["boardCardQuery"]
    assert "orders(first: $count, after: $cursor, filter: $filter)" in made["boardListQuery"]
    assert "endCursor" in made["boardListQuery"]
    assert "startCursor" in made["boardFeedQuery"]


@needs_compiler
@pytest.mark.parametrize(
    ("right", "wrong"),
    [("  pageInfo: PageInfo!", "  info: PageInfo!"), ("  node(", "  nodeById(")],
)
def test_relay_compiler_refuses_a_broken_one(tmp_path: Path, right: str, wrong: str) -> None:
    sdl = schema.build().as_str()
    assert right in sdl
    done = compiled(tmp_path, sdl.replace(right, wrong))
    assert done.returncode != 0
