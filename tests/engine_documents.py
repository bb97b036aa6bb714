"""Random documents: hypothesis-graphql's, and what GraphQL has beyond fields and arguments."""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import graphql
from engine_compare import Question
from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
)

INTROSPECTION = (
    "__schema { queryType { name kind } directives { name args { name defaultValue } } }",
    '__type(name: "Thing") { __typename fields { name type { name kind ofType { name } } } }',
    '__type(name: "Nothing") { name }',
)


class Writer:
    """Writes a document anew: by a seed, with aliases, fragments, variables, directives.

    It also asks for more fields beside those of the document. With the seed 0 nothing changes.
    """

    def __init__(self, schema: graphql.GraphQLSchema, seed: int) -> None:
        self._schema = schema
        self._random = random.Random(seed)  # noqa: S311 - it is to be the same each time
        self._plainly = seed == 0
        self._count = 0
        self._declared: list[str] = []
        self._given: dict[str, Any] = {}
        self._fragments: list[str] = []
        self._known: dict[str, list[str]] = defaultdict(list)

    def question(self, document: DocumentNode) -> Question:
        """A document that asks for no less."""
        operation = cast("OperationDefinitionNode", document.definitions[0])
        root = self._schema.get_root_type(operation.operation)
        assert root
        body = self._set(operation.selection_set.selections, root)
        return self._whole(operation.operation.value, body)

    def subscriptions(self, document: DocumentNode) -> Iterator[Question]:
        """A subscription for each root field of a query for fields of Subscription."""
        operation = cast("OperationDefinitionNode", document.definitions[0])
        root = self._schema.subscription_type
        assert root
        for each in operation.selection_set.selections:
            (body, *_) = self._field(cast("FieldNode", each), root)  # one root field, no two parts
            yield self._whole("subscription", f"{{ {body} }}")

    def _whole(self, operation: str, body: str) -> Question:
        declared = f"({' '.join(self._declared)})" if self._declared else ""
        document = "\n".join([f"{operation} Q{declared} {body}", *self._fragments])
        question = Question(document, self._given)
        self._declared, self._given, self._fragments = [], {}, []
        self._known.clear()
        return question

    def _may(self, chance: float) -> bool:
        return not self._plainly and self._random.random() < chance

    def _new(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"

    def _set(self, nodes: Sequence[SelectionNode], type_: GraphQLNamedType) -> str:
        parts = [part for node in nodes for part in self._parts(node, type_)]
        parts += self._extras(type_)
        if self._may(0.4):
            self._random.shuffle(parts)
        if self._may(0.3):
            cut = self._random.randrange(len(parts))
            parts[cut:] = [self._fragment(parts[cut:], type_)]
        return f"{{ {' '.join(parts)} }}"

    def _parts(self, node: SelectionNode, type_: GraphQLNamedType) -> list[str]:
        if isinstance(node, FieldNode):
            return self._field(node, type_)
        assert isinstance(node, InlineFragmentNode)
        assert node.type_condition
        on = node.type_condition.name.value
        inner = self._set(node.selection_set.selections, self._schema.type_map[on])
        return [f"... on {on} {self._directive()} {inner}"]

    def _field(self, node: FieldNode, type_: GraphQLNamedType) -> list[str]:
        """A field: perhaps under another name, or in two parts, or twice."""
        assert isinstance(type_, graphql.GraphQLObjectType | graphql.GraphQLInterfaceType)
        field = type_.fields[node.name.value]
        given = [
            self._argument(each, field.args[each.name.value].type) for each in node.arguments or ()
        ]
        call = node.name.value + (f"({' '.join(given)})" if given else "")
        key = f"{node.alias.value}: " if node.alias else ""
        key = f"{self._new('a')}: " if self._may(0.1) else key
        below = graphql.get_named_type(field.type)
        bodies = [""]
        if node.selection_set:
            nodes = list(node.selection_set.selections)
            cut = self._random.randrange(1, len(nodes)) if len(nodes) > 1 and self._may(0.3) else 0
            halves = (nodes[:cut], nodes[cut:]) if cut else (nodes,)
            bodies = [self._set(half, below) for half in halves]
        streamed = type_ is self._schema.subscription_type  # it takes no directives
        parts = [f"{key}{call} {'' if streamed else self._directive()} {b}" for b in bodies]
        if self._may(0.1):
            again = self._random.choice((key, self._new("a") + ": "))
            parts.append(f"{again}{call} {bodies[0]}")
        return parts

    def _argument(self, node: ArgumentNode, type_: GraphQLInputType) -> str:
        value = graphql.print_ast(node.value)
        if self._may(0.3):
            name = self._new("v")
            self._declared.append(f"${name}: {type_}")
            if graphql.is_non_null_type(type_) or self._may(0.7):
                self._given[name] = graphql.value_from_ast_untyped(node.value)
            value = f"${name}"
        return f"{node.name.value}: {value}"

    def _directive(self) -> str:
        if not self._may(0.2):
            return ""
        kept = self._random.random() < 0.8
        name, wanted = self._random.choice((("include", kept), ("skip", not kept)))
        if self._may(0.5):
            return f"@{name}(if: {str(wanted).lower()})"
        variable = self._new("v")
        self._declared.append(f"${variable}: Boolean!")
        self._given[variable] = wanted
        return f"@{name}(if: ${variable})"

    def _fragment(self, parts: Iterable[str], type_: GraphQLNamedType) -> str:
        """The parts in a fragment, perhaps one that other places may use too."""
        inner = f"{{ {' '.join(parts)} }}"
        if self._may(0.5):
            return (
                f"... {self._random.choice(('', f'on {type_.name}'))} {self._directive()} {inner}"
            )
        name = self._new("F")
        self._fragments.append(f"fragment {name} on {type_.name} {inner}")
        self._known[type_.name].append(name)
        return f"...{name} {self._directive()}" + (f" ...{name} " if self._may(0.2) else "")

    def _extras(self, type_: GraphQLNamedType, depth: int = 0) -> list[str]:
        """Some more fields of a type."""
        if self._plainly:
            return []
        if not isinstance(type_, graphql.GraphQLObjectType | graphql.GraphQLInterfaceType):
            possible = self._schema.get_possible_types(cast("graphql.GraphQLUnionType", type_))
            member = self._random.choice(possible)
            inner = self._extras(member, depth)
            return [f"... on {member.name} {{ {' '.join(inner)} }}"] if inner else []
        fields = [
            (name, graphql.get_named_type(field.type))
            for name, field in type_.fields.items()
            if not any(map(graphql.is_required_argument, field.args.values()))
        ]
        wanted = self._random.sample(
            fields, min(len(fields), self._random.choice((0, 0, 1, 2)[depth:]))
        )
        parts = [self._extra(name, below, depth) for name, below in wanted]
        if self._may(0.2):
            parts.append(f"{self._random.choice(('', 'kind: '))}__typename")
        if type_ is self._schema.query_type and self._may(0.1):
            parts.append(f"{self._new('i')}: {self._random.choice(INTROSPECTION)}")
        return parts

    def _extra(self, name: str, below: GraphQLNamedType, depth: int) -> str:
        alias = self._new("x")
        if graphql.is_leaf_type(below):
            return f"{alias}: {name} {self._directive()}"
        known = self._known[below.name]
        if known and self._may(0.5):
            return f"{alias}: {name} {{ ...{self._random.choice(known)} }}"
        inner = self._extras(below, depth + 1) if depth < 1 else []
        return f"{alias}: {name} {{ {' '.join(inner) or '__typename'} }}"


def unprinted(document: DocumentNode) -> DocumentNode:
    """What hypothesis-graphql makes, as it is."""
    return document


def as_queries(schema: graphql.GraphQLSchema) -> graphql.GraphQLSchema:
    """A schema whose Subscription is its Query: hypothesis-graphql knows no subscriptions."""
    root = cast("GraphQLObjectType", schema.subscription_type)
    return graphql.GraphQLSchema(root, types=list(schema.type_map.values()))
