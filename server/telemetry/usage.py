"""What operations use of the schema: all fields, and what is deprecated."""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    ObjectFieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    type_from_ast,
    visit,
)

from engine.documents import alone
from server.operations import Operation

_SEVERAL = "several"
_NONE = "introspection"
_KEPT = 256


@dataclass(frozen=True)
class Use:
    """What an operation uses."""

    root: str
    """The field at its root; `several` if there are more, `introspection` if there are none."""
    fields: tuple[tuple[str, str], ...]
    """Type and name of each field."""
    deprecated: frozenset[str]
    """What it names of the deprecated elements, as `Type.field` or `Type.field(argument:)`."""
    inputs: Mapping[str, GraphQLNamedType]
    """Its variables whose values may use something deprecated."""

    @classmethod
    def of(cls, schema: GraphQLSchema, text: str, name: str | None) -> "Use":
        """The use that the operation of that name makes of a schema; it must be valid."""
        own = alone(text, name)
        types = TypeInfo(schema)
        finder = _Finder(types)
        visit(own, TypeInfoVisitor(types, finder))
        roots = {field for kind, field in finder.fields if kind in _roots(schema)}
        return cls(
            root=_SEVERAL if len(roots) > 1 else roots.pop() if roots else _NONE,
            fields=tuple(sorted(finder.fields)),
            deprecated=frozenset(finder.deprecated),
            inputs=dict(_inputs(schema, own)),
        )

    def outdated(self, variables: Mapping[str, Any] | None) -> frozenset[str]:
        """The deprecated elements in the document or in the variables."""
        given = variables or {}
        found = (
            element
            for name, kind in self.inputs.items()
            for element in _outdated_in(kind, given.get(name))
        )
        return self.deprecated.union(found) if self.inputs else self.deprecated


class Usage:
    """How often each field was asked for: counted by documents, added up when it is read."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._counts: OrderedDict[tuple[str, str | None], tuple[Use, int]] = OrderedDict()
        self._earlier: Counter[tuple[str, str]] = Counter()

    def note(self, operation: Operation) -> Use:
        """Count an operation that was executed."""
        key = (operation.query, operation.name)
        use, times = self._counts.get(key) or (self._use(operation), 0)
        self._counts[key] = (use, times + 1)
        self._counts.move_to_end(key)
        if len(self._counts) > _KEPT:
            _, (oldest, often) = self._counts.popitem(last=False)
            self._earlier.update(dict.fromkeys(oldest.fields, often))
        return use

    def _use(self, operation: Operation) -> Use:
        return Use.of(self._schema, operation.query, operation.name)

    def fields(self) -> Counter[tuple[str, str]]:
        """How many operations asked for each field: type and name."""
        total = self._earlier.copy()
        for use, times in self._counts.values():
            total.update(dict.fromkeys(use.fields, times))
        return total


class _Finder(Visitor):
    """Collects what a document names."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self._field = ""
        self.fields: set[tuple[str, str]] = set()
        self.deprecated: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Note a field; its arguments come right after it."""
        parent, field = self._types.get_parent_type(), self._types.get_field_def()
        self._field = f"{parent}.{node.name.value}"
        if parent and field and "__" not in self._field:  # which is what introspection has
            self.fields.add((parent.name, node.name.value))
            self._note(field, self._field)

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        """Note an argument of a field."""
        if self._types.get_directive() is None:
            self._note(self._types.get_argument(), f"{self._field}({node.name.value}:)")

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        """Note a field of an input."""
        parent = get_named_type(self._types.get_parent_input_type())
        field = getattr(parent, "fields", {}).get(node.name.value)
        self._note(field, f"{parent}.{node.name.value}")

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        """Note a value of an enum."""
        kind = get_named_type(self._types.get_input_type())
        self._note(self._types.get_enum_value(), f"{kind}.{node.value}")

    def _note(self, element: Any, coordinate: str) -> None:
        if getattr(element, "deprecation_reason", None) is not None:
            self.deprecated.add(coordinate)


def _roots(schema: GraphQLSchema) -> set[str]:
    kinds = (schema.query_type, schema.mutation_type, schema.subscription_type)
    return {each.name for each in kinds if each}


def _inputs(
    schema: GraphQLSchema, document: DocumentNode
) -> Iterator[tuple[str, GraphQLNamedType]]:
    """The variables of an operation's document whose values may use something deprecated."""
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            for variable in operation.variable_definitions or ():
                named = get_named_type(type_from_ast(schema, variable.type))
                if named and _may_be_outdated(named, set()):
                    yield variable.variable.name.value, named


def _may_be_outdated(kind: GraphQLNamedType, seen: set[str]) -> bool:
    """Whether a value of an input type can have something deprecated in it."""
    if kind.name in seen:
        return False
    seen.add(kind.name)
    if isinstance(kind, GraphQLEnumType):
        return any(each.deprecation_reason is not None for each in kind.values.values())
    return isinstance(kind, GraphQLInputObjectType) and any(
        each.deprecation_reason is not None or _may_be_outdated(get_named_type(each.type), seen)
        for each in kind.fields.values()
    )


def _outdated_in(kind: GraphQLNamedType, value: Any) -> Iterator[str]:
    """The deprecated elements in a variable's value."""
    if isinstance(value, list):
        for each in value:
            yield from _outdated_in(kind, each)
    elif isinstance(kind, GraphQLEnumType):
        named = kind.values.get(value) if isinstance(value, str) else None
        if named and named.deprecation_reason is not None:
            yield f"{kind.name}.{value}"
    elif isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        for name in kind.fields.keys() & value.keys():
            if kind.fields[name].deprecation_reason is not None:
                yield f"{kind.name}.{name}"
            yield from _outdated_in(get_named_type(kind.fields[name].type), value[name])
