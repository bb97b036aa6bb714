"""Subscriptions as transports send them, and by chance."""

import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, cast

import orjson
import schema_walk
from everything_asked import Given
from factories import Agency
from graphql import (
    REMOVE,
    FieldNode,
    GraphQLNamedType,
    GraphQLObjectType,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    parse,
    print_ast,
    visit,
)
from strawberry.types import ExecutionResult

import schema
from engine.selections import behind
from models import Person
from server.answers import Answer, answer, answers
from server.operations import Operation

FEED = """subscription ($id: ID!, $after: Cursor, $include: [FeedKind!]) {
  orderFeed(orderId: $id, after: $after, include: $include) {
    type cursor kind entry { ... on Message { text author { name } } }
} }"""


def sent(
    agency: Agency, by: Person, document: str, given: Mapping[str, Any]
) -> AsyncGenerator[Answer, None]:
    """What a transport sends to somebody."""
    kind = OperationType.SUBSCRIPTION
    operation = Operation(document, dict(given), None, kind, is_persisted=False)
    return answers(schema.build(), operation, agency.context(by), "test")


async def shared(agency: Agency, by: Person, document: str, given: Given) -> list[Any]:
    """The answers until the stream is ready, as a transport sends them."""
    told: list[Any] = []
    async with aclosing(sent(agency, by, document, given)) as stream:
        async for each in stream:
            told.append(orjson.loads(each.json))
            if is_ready(told[-1]):
                break
    return told


async def alone(agency: Agency, by: Person, document: str, given: Given) -> list[Any]:
    """The same by graphql-core and Strawberry, which execute each event for each viewer."""
    told: list[Any] = []
    async with aclosing(await schema.build().stream(document, given, agency.context(by))) as stream:
        async for each in stream:
            plain = answer(cast("ExecutionResult", each), "test")
            told.append(orjson.loads(orjson.dumps(plain, default=str)))
            if is_ready(told[-1]):
                break
    return told


def is_ready(told: Any) -> bool:
    """Whether an answer says that nothing is missed any more."""
    (event,) = told["data"].values()
    return bool(event["type"] == "READY")


def drawn(kind: GraphQLNamedType, dice: random.Random, depth: int, prefix: str = "") -> str:
    """The selection of some fields of a type, by chance; an alias tells types apart."""
    if is_abstract_type(kind):
        types = schema_walk.SCHEMA.get_possible_types(kind)
        some = dice.sample(types, dice.randint(1, len(types)))
        parts = (f"... on {t.name} {{ {drawn(t, dice, depth, f'{t.name}_')} }}" for t in some)
        return " ".join(("__typename", *parts))
    assert isinstance(kind, GraphQLObjectType)
    inner = {name: get_named_type(field.type) for name, field in kind.fields.items()}
    fields = [name for name, of in inner.items() if depth or is_leaf_type(of)]
    chosen = dice.sample(fields, dice.randint(0, len(fields)))
    parts = (
        f"{prefix}{name}: {name}"
        + ("" if is_leaf_type(inner[name]) else f" {{ {drawn(inner[name], dice, depth - 1)} }}")
        for name in chosen
    )
    return " ".join(("__typename", *parts))


def impersonal(document: str) -> str:
    """A document without what is marked as personal; the very same if there is nothing of that."""
    types, removed = TypeInfo(schema_walk.SCHEMA), []

    class Remover(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> Any:
            field = behind(types.get_field_def())
            if field is None or not field.metadata.get("personal"):
                return None
            removed.append(node)
            return REMOVE

    left = visit(parse(document), TypeInfoVisitor(types, Remover()))
    return print_ast(left) if removed else document


def subscribed(name: str, given: Given, dice: random.Random) -> str:
    """A subscription to some of what an event has, by chance."""
    field = schema_walk.root("subscription")[name]
    heads = ", ".join(f"${each}: {field.args[each].type}" for each in given)
    puts = ", ".join(f"{each}: ${each}" for each in given)
    below = drawn(get_named_type(field.type), dice, 4)
    return f"subscription ({heads}) {{ {name}({puts}) {{ type cursor {below} }} }}"
