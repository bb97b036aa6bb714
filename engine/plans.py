"""Plans: what operations select, kept from one request to the next."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from cachetools import LRUCache
from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    visit,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails, FieldDetailsList
from graphql.language.visitor import Visitor

from engine import limits
from engine.documents import CHARACTER_WEIGHT
from engine.selections import Selected

_FREE = {"column", "each", "itself", "typename"}
"""The kinds of fields that send no statement."""
_ONCE = {"one", "many"}
"""Those that send one for all rows of their place."""
KEPT = 64 * 1024 * 1024
"""Bytes that all plans together may weigh, with the documents that they are of."""
_FIELD_WEIGHT = 2_000  # bytes that a plan takes for each field
_FIELDS_KEPT = 4_000  # of an operation, those of each choice of its @skip and @include


@dataclass
class Plan:
    """What one operation selects, for each choice of its @skip and @include."""

    operation: OperationDefinitionNode  # held, so that its id is no other's
    schema: GraphQLSchema
    conditions: tuple[str, ...]
    reads_once: bool
    """Whether it is known that one statement at most will be sent."""
    fields: int
    """How many fields may be selected, those of a fragment as often as it is used."""
    choices: dict[Hashable, dict[Hashable, Selected]] = field(default_factory=dict)
    """The root fields, by the values of the conditions."""

    @property
    def weight(self) -> int:
        """How many bytes it may take."""
        read = self.operation.loc
        document = CHARACTER_WEIGHT * len(read.source.body) if read else 0
        return document + _FIELD_WEIGHT * self.fields * len(self.choices)


class Plans:
    """The plans of the operations that were executed last."""

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self._plans = LRUCache[tuple[int, int], Plan](KEPT, getsizeof=attrgetter("weight"))

    def __len__(self) -> int:
        return len(self._plans)

    def root(
        self,
        executor: Executor[Any],
        type_: GraphQLObjectType,
        name: str,
        details: FieldDetailsList,
    ) -> Selected:
        """The root field that is executed, with all that was found out of it before."""
        roots = self._roots(executor)
        key = name, tuple(id(each.node) for each in details)
        if found := roots.get(key):
            self.hits += 1
            return found
        self.misses += 1
        definition = type_.fields[details[0].node.name.value]
        made = roots[key] = Selected(name, type_, definition, details)
        return made

    def _roots(self, executor: Executor[Any]) -> dict[Hashable, Selected]:
        """The root fields of what is executed, by the choice that its variables make."""
        plan = self.of(executor)
        values = executor.variable_values.coerced
        choice = tuple(values.get(name) for name in plan.conditions)
        if choice not in plan.choices:
            if plan.fields * len(plan.choices) >= _FIELDS_KEPT:
                plan.choices.clear()
            plan.choices[choice] = {}
            self._plans[_key(executor)] = plan  # it weighs more now
        return plan.choices[choice]

    def of(self, executor: Executor[Any]) -> Plan:
        """The plan of the operation that is executed."""
        key = _key(executor)
        if plan := self._plans.get(key):
            return plan
        made = self._plans[key] = Plan(
            executor.operation,
            executor.schema,
            _conditions(executor),
            _reads_once(executor),
            limits.fields(_own(executor)),
        )
        return made

    def clear(self) -> None:
        """Forget everything."""
        self._plans.clear()

    @property
    def weight(self) -> float:
        """How many bytes they may take."""
        return self._plans.currsize


PLANS = Plans()


def _key(executor: Executor[Any]) -> tuple[int, int]:
    return id(executor.schema), id(executor.operation)


def _own(executor: Executor[Any]) -> DocumentNode:
    """The document of what is executed."""
    fragments = (each.definition for each in executor.fragments.values())
    return DocumentNode(definitions=(executor.operation, *fragments))


def _conditions(executor: Executor[Any]) -> tuple[str, ...]:
    """The names of the variables by which fields are skipped or included."""
    names = set()

    class Finder(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    names.add(argument.value.name.value)

    visit(_own(executor), Finder())
    return tuple(sorted(names))


def _reads_once(executor: Executor[Any]) -> bool:
    """True if what is read is one statement: that of the only root field, or of one field below.

    An action reads in a transaction of its own; then its answer is read.
    """
    own = [each for each in _kinds(executor, executor.operation) if each not in _FREE]
    for fragment in executor.fragments.values():  # which may be selected at many places
        if not _FREE.issuperset(_kinds(executor, fragment.definition)):
            return False
    if executor.operation.operation is OperationType.MUTATION:
        return own == ["mutation"] or (len(own) == 2 and own[0] == "mutation" and own[1] in _ONCE)  # noqa: PLR2004 - the action, and what is read
    return own == ["once"]


def _kinds(executor: Executor[Any], definition: Node) -> list[str]:
    """The kinds of fields that an operation or a fragment selects, as they stand there."""
    types = TypeInfo(executor.schema)
    kinds: list[str] = []

    class Finder(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            defined = types.get_field_def()
            parent: Any = types.get_parent_type()
            if defined:
                found = Selected(node.name.value, parent, defined, [FieldDetails(node, None)])
                kinds.append("once" if found.metadata.get("reads_once") else found.kind)

    visit(definition, TypeInfoVisitor(types, Finder()))
    return kinds
