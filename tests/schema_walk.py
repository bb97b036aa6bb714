"""Documents that ask for everything, made from the schema: what is added to it is asked for too."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    parse,
    visit,
)

import schema

SCHEMA = schema.core()
_PAGE = 100
Path = tuple[str, ...]


def root(operation: str) -> Mapping[str, GraphQLField]:
    """The fields of `query`, `mutation` or `subscription`."""
    kind = getattr(SCHEMA, f"{operation}_type")
    assert isinstance(kind, GraphQLObjectType)
    return kind.fields  # type: ignore[no-any-return] # test code, checked by running it


def document(
    operation: str, name: str, given: Iterable[str], *, edges: int = 1, page: int = 3
) -> str:
    """An operation of one root field with these arguments, which selects everything below it.

    From what it leads to, `edges` edges are followed one after the other, along pages of this size.
    """
    return _document(operation, name, tuple(given), edges, page)


@lru_cache(1_000)
def _document(operation: str, name: str, given: tuple[str, ...], edges: int, page: int) -> str:
    field = root(operation)[name]
    heads = ", ".join(f"${each}: {field.args[each].type}" for each in given)
    puts = ", ".join(f"{each}: ${each}" for each in given)
    below = _of_field(field, edges + 1, page)
    heads, puts = (f"({each})" if each else "" for each in (heads, puts))
    return f"{operation} {heads} {{ {name}{puts} {below} }}"


def pages(name: str) -> dict[str, int]:
    """The arguments for the longest page of a root field of Query, if it has pages."""
    return {"first": _PAGE} if "first" in root("query")[name].args else {}


def _everything(kind: GraphQLNamedType, depth: int, page: int, prefix: str = "") -> str:
    """The selection of all fields of a type; edges and lists are followed `depth` deep.

    Below an interface or a union, each name is preceded by that of its type.
    """
    if is_abstract_type(kind):
        parts = (
            f"... on {each.name} {{ {_everything(each, depth, page, f'{each.name}_')} }}"
            for each in SCHEMA.get_possible_types(kind)
        )
        return " ".join(("__typename", *parts))
    assert isinstance(kind, GraphQLObjectType)
    return " ".join(
        f"{prefix and f'{prefix}{name}: '}{name}{_arguments(field, page)} "
        f"{_of_field(field, depth, page)}"
        for name, field in kind.fields.items()
        if depth or not (field.args or _is_thing(get_named_type(field.type)))
    )


def fields() -> set[str]:
    """All fields of all object types, such as `Order.name`."""
    kinds = (kind for kind in SCHEMA.type_map.values() if isinstance(kind, GraphQLObjectType))
    return {
        f"{kind.name}.{name}" for kind in kinds if kind.name[:2] != "__" for name in kind.fields
    }


def selected(text: str) -> set[str]:
    """The fields that a document selects."""
    info, found = TypeInfo(SCHEMA), set()

    class Seen(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            if isinstance(kind := info.get_parent_type(), GraphQLObjectType):
                found.add(f"{kind.name}.{node.name.value}")

    visit(parse(text), TypeInfoVisitor(info, Seen()))
    return found


def below(field: GraphQLField) -> str:
    """The selection of everything below a field, with one edge followed."""
    return _of_field(field, 1, _PAGE)


def leaves(operation: str, name: str) -> Iterator[tuple[Path, GraphQLNamedType]]:
    """The arguments of a root field, down to the fields of input types: path and type.

    An element of a list has `0` in its path; a type within itself is entered once.
    """
    for argument, each in root(operation)[name].args.items():
        yield from _leaves(each.type, (argument,), ())


def put(name: str, path: Path, value: Any, operation: str = "query") -> dict[str, Any]:
    """The arguments of a root field when `value` stands at a path."""
    first, *rest = path
    return {first: _put(rest, value, root(operation)[name].args[first].type)}


def _put(path: list[str], value: Any, kind: Any) -> Any:
    """A value of an input type: `value` at a path, and beside it what is required."""
    if isinstance(kind, GraphQLNonNull):
        return _put(path, value, kind.of_type)
    if not path:
        return value
    name, *rest = path
    if name == "0":
        return [_put(rest, value, kind.of_type)]
    assert isinstance(kind, GraphQLInputObjectType)
    beside = {
        each: next(iter(get_named_type(field.type).values))  # type: ignore[attr-defined] # enums so far
        for each, field in kind.fields.items()
        if isinstance(field.type, GraphQLNonNull) and each != name
    }
    return {**beside, name: _put(rest, value, kind.fields[name].type)}


def _leaves(kind: Any, path: Path, inside: Path) -> Iterator[tuple[Path, GraphQLNamedType]]:
    if isinstance(kind, GraphQLNonNull):
        yield from _leaves(kind.of_type, path, inside)
    elif isinstance(kind, GraphQLList):
        yield from _leaves(kind.of_type, (*path, "0"), inside)
    elif isinstance(kind, GraphQLInputObjectType):
        if inside.count(kind.name) <= 1:
            for name, field in kind.fields.items():
                yield from _leaves(field.type, (*path, name), (*inside, kind.name))
    else:
        yield path, kind


def _of_field(field: GraphQLField, depth: int, page: int) -> str:
    kind = get_named_type(field.type)
    if is_leaf_type(kind):
        return ""
    return f"{{ {_everything(kind, depth - 1 if _is_thing(kind) else depth, page)} }}"


def _is_thing(kind: GraphQLNamedType) -> bool:
    """Whether it has an id: what hasn't is a part of something, as a page or a property."""
    return is_abstract_type(kind) or (
        isinstance(kind, GraphQLObjectType) and any(i.name == "Node" for i in kind.interfaces)
    )


def _arguments(field: GraphQLField, page: int) -> str:
    needed = {
        n: each.type for n, each in field.args.items() if isinstance(each.type, GraphQLNonNull)
    }
    given = {name: next(iter(get_named_type(kind).values)) for name, kind in needed.items()}  # type: ignore[attr-defined] # enums so far
    given |= {"first": page} if "first" in field.args else {}
    return f"({', '.join(f'{name}: {each}' for name, each in given.items())})" if given else ""
