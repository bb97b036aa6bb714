"""The places of the schema that take an id or a cursor: found by type, so that new ones are too."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import schema_walk
from arguments_walk import leaves, mutations
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from schema_walk import SCHEMA, Path

from core.arguments import NewId

_COMBINED = ("and", "or", "not")


@dataclass(frozen=True)
class Place:
    """An argument, or a field of an input, and the operation by which it is reached."""

    operation: str
    name: str
    path: Path
    takes: str
    """`ID` or `Cursor`."""
    coordinate: str
    """Its name in the schema, such as `Query.node(id:)` or `MarkReadInput.orderId`."""
    document: str = ""
    """Of an argument that is no root field's: the query of `$own`, its owner, and of `$value`."""
    owner: str = ""
    """The type that `$own` is of; nothing if it is not asked for by an id."""

    @property
    def takes_many(self) -> bool:
        """Whether it is a list."""
        return self.path[-1] == "0"

    def given(self, value: Any) -> dict[str, Any]:
        """The arguments of its root field with a value there, or several where it takes many."""
        path = self.path[:-1] if self.takes_many else self.path
        return schema_walk.put(self.name, path, value, self.operation)

    @property
    def beside(self) -> set[str]:
        """The other arguments that its root field can't do without."""
        arguments = schema_walk.root(self.operation)[self.name].args
        required = {n for n, each in arguments.items() if isinstance(each.type, GraphQLNonNull)}
        return required - {self.path[0]}

    @property
    def has_version(self) -> bool:
        """Whether its mutation changes a row of a version."""
        kind = get_named_type(schema_walk.root(self.operation)[self.name].args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        return "expectedVersion" in kind.fields

    def __str__(self) -> str:
        return f"{self.operation} {self.name} {'.'.join(self.path)}"


def places(operation: str) -> Iterator[Place]:
    """The places that operations of a kind lead to; those within `and`, `or`, `not` once each."""
    for name in schema_walk.root(operation):
        for path, kind in schema_walk.leaves(operation, name):
            coordinate = _coordinate(operation, name, path)
            if _takes(kind) and sum(map(path.count, _COMBINED)) <= 1:
                yield Place(operation, name, path, kind.name, coordinate)
    if operation == "query":
        yield from _of_fields()


def coordinates(schema: GraphQLSchema = SCHEMA) -> set[str]:
    """Every argument and every input field of a schema that takes an id or a cursor."""
    found = set()
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            found |= {f"{kind.name}.{name}" for name, f in kind.fields.items() if _takes(f.type)}
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                taking = [each for each, argument in field.args.items() if _takes(argument.type)]
                found |= {f"{kind.name}.{name}({each}:)" for each in taking}
    return found


def _of_fields() -> Iterator[Place]:
    """The arguments of fields that are below the root, beside each choice of what they require."""
    for kind in SCHEMA.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind is SCHEMA.query_type:
            continue
        if kind in (SCHEMA.mutation_type, SCHEMA.subscription_type):
            continue
        for name, field in kind.fields.items():
            for each, argument in field.args.items():
                if _takes(argument.type):
                    yield from _of_field(kind, name, each)


def _of_field(kind: GraphQLObjectType, name: str, argument: str) -> Iterator[Place]:
    field = kind.fields[name]
    required = {
        other: get_named_type(each.type).values  # type: ignore[attr-defined] # enums so far
        for other, each in field.args.items()
        if isinstance(each.type, GraphQLNonNull) and other != argument
    }
    for chosen in product(*required.values()):
        beside = "".join(f", {o}: {v}" for o, v in zip(required, chosen, strict=True))
        below = schema_walk.below(field)
        asked = f"{name}({argument}: $value{beside}) {below}"
        owner, heads, found = _reached(kind, asked)
        yield Place(
            "query",
            f"{kind.name}.{name}",
            (argument, *chosen),
            get_named_type(field.args[argument].type).name,
            f"{kind.name}.{name}({argument}:)",
            f"query ({heads}$value: {field.args[argument].type}) {{ {found} }}",
            owner,
        )


def _reached(kind: GraphQLObjectType, asked: str) -> tuple[str, str, str]:
    """How a type's fields are reached: by its id, or as what a field of Query always gives."""
    if any(each.name == "Node" for each in kind.interfaces):
        return kind.name, "$own: ID!, ", f"node(id: $own) {{ ... on {kind.name} {{ {asked} }} }}"
    (root,) = (
        name
        for name, field in schema_walk.root("query").items()
        if get_named_type(field.type) is kind and not field.args
    )
    return "", "", f"{root} {{ {asked} }}"


def chosen() -> set[Place]:
    """The places of ids that clients choose for what they make."""
    fresh = {
        (name, *leaf.path)
        for name in mutations()
        for leaf in leaves(name)
        if type(leaf.kind) is NewId
    }
    return {each for each in places("mutation") if (each.name, *each.path[1:]) in fresh}


def _takes(kind: Any) -> bool:
    return get_named_type(kind).name in ("ID", "Cursor")


def _coordinate(operation: str, name: str, path: Path) -> str:
    first, *rest = path
    found = f"{operation.capitalize()}.{name}({first}:)"
    kind = schema_walk.root(operation)[name].args[first].type
    for each in rest:
        if each != "0":
            within = get_named_type(kind)
            assert isinstance(within, GraphQLInputObjectType)
            found, kind = f"{within.name}.{each}", within.fields[each].type
    return found
