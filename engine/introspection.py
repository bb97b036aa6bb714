"""How much there is to tell of a schema: how long the lists of an introspection are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
)

WHOLE = ("types", "directives")
"""The lists that are of the whole schema: what is below them is found once for everything."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the lists are, by the names of their fields in an introspection."""

    on_average: Mapping[str, int]
    """Rounded up."""
    at_most: Mapping[str, int]


@lru_cache(1)
def lengths(schema: GraphQLSchema) -> Lengths:
    """Those of a schema."""
    types = schema.type_map.values()
    each = [_of_type(schema, type_) for type_ in types]
    fields = [field for type_ in types for field in _fields(type_).values()]
    found = {name: [own[name] for own in each] for name in each[0]}
    found |= {"args": [len(field.args) for field in fields]}
    found |= {"types": [len(each)], "directives": [len(schema.directives)]}
    return Lengths(
        {name: math.ceil(sum(counts) / len(counts)) for name, counts in found.items()},
        {name: max(counts) for name, counts in found.items()},
    )


def _of_type(schema: GraphQLSchema, type_: GraphQLNamedType) -> dict[str, int]:
    return {
        "fields": len(_fields(type_)),
        "inputFields": len(type_.fields) if isinstance(type_, GraphQLInputObjectType) else 0,
        "enumValues": len(type_.values) if isinstance(type_, GraphQLEnumType) else 0,
        "interfaces": len(getattr(type_, "interfaces", ())),
        "possibleTypes": len(schema.get_possible_types(type_)) if is_abstract_type(type_) else 0,
    }


def _fields(type_: GraphQLNamedType) -> dict[str, GraphQLField]:
    return type_.fields if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) else {}
