"""Plans: what operations select, kept from one request to the next."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DirectiveNode,
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

from engine.selections import Selected

_FREE = {"column", "each", "itself", "typename"}
"""The kinds of fields that send no statement."""
_ONCE = {"one", "many"}
"""Those that send one for all rows of their place."""
OPERATIONS_KEPT = 256
_CHOICES_KEPT = 64  # of the values of @skip and @include, per operation


@dataclass
class Plan:
    """What one operation selects, for each choice of its @skip and @include."""

    operation: OperationDefinitionNode  # held, so that its id is no other's
    schema: GraphQLSchema
    conditions: tuple[str, ...]
    reads_once: bool
    """Whether it is known that one statement at most will be sent."""
    roots: dict[Hashable, Selected] = field(default_factory=dict)


class Plans:
    """The plans of the operations that were executed last."""

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self._plans: OrderedDict[tuple[int, int], Plan] = OrderedDict()

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
        plan = self.of(executor)
        values = executor.variable_values.coerced
        key = (
            name,
            tuple(values.get(name) for name in plan.conditions),
            tuple(id(each.node) for each in details),
        )
        if found := plan.roots.get(key):
            self.hits += 1
            return found
        self.misses += 1
        if len(plan.roots) >= _CHOICES_KEPT:
            plan.roots.clear()
        definition = type_.fields[details[0].node.name.value]
        made = Selected(name, type_, definition, details)
        plan.roots[key] = made
        return made

    def of(self, executor: Executor[Any]) -> Plan:
        """The plan of the operation that is executed."""
        key = (id(executor.schema), id(executor.operation))
        if plan := self._plans.get(key):
            self._plans.move_to_end(key)
            return plan
        if len(self._plans) >= OPERATIONS_KEPT:
            self._plans.popitem(last=False)
        conditions, reads_once = _conditions(executor), _reads_once(executor)
        plan = Plan(executor.operation, executor.schema, conditions, reads_once)
        self._plans[key] = plan
        return plan

    def clear(self) -> None:
        """Forget everything."""
        self._plans.clear()


PLANS = Plans()


def _conditions(executor: Executor[Any]) -> tuple[str, ...]:
    """The names of the variables by which fields are skipped or included."""
    names = set()

    class Finder(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    names.add(argument.value.name.value)

    visit(executor.operation, Finder())
    for fragment in executor.fragments.values():
        visit(fragment.definition, Finder())
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
