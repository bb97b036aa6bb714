"""One question, two executors: where ours answers other than graphql-core's own."""

import copy
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import strawberry
from graphql import GraphQLError, is_non_null_type, located_error
from graphql.execution import Executor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

Path = tuple[str | int, ...]


class Fault(NamedTuple):
    """An error of an answer."""

    path: Path
    message: str
    locations: tuple[tuple[int, int], ...]
    extensions: str

    @classmethod
    def of(cls, error: GraphQLError) -> "Fault":
        """What clients see of an error."""
        return cls(
            tuple(error.path or ()),
            error.message,
            tuple((each.line, each.column) for each in error.locations or ()),
            repr(error.extensions),
        )


@dataclass
class Question:
    """A document with its variables, or with what has to be put in first."""

    document: str
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass
class Answer:
    """Data, errors, and what has happened meanwhile."""

    data: Any
    faults: list[Fault]
    log: list[str] = field(default_factory=list)


@dataclass
class Asked:
    """A schema, with what its operations are executed upon, made anew for each."""

    schema: strawberry.Schema
    context: Callable[[], Any]
    root: Any = None

    async def answer(self, executor: Any, question: Question) -> Answer:
        """What it answers when this executor is used."""
        schema = copy.copy(self.schema)
        schema.execution_context_class = executor
        context = self.context()
        result = await schema.execute(question.document, question.variables, context, self.root)
        faults = [Fault.of(error) for error in result.errors or []]
        return Answer(result.data, faults, getattr(context, "log", []))

    async def difference(self, question: Question) -> str | None:
        """How our answer differs from graphql-core's, if it does."""
        ours = await self.answer(self.schema.execution_context_class, question)
        theirs = await self.answer(StrawberryGraphQLCoreExecutionContext, question)
        if (plain := _plainly(ours, theirs)) is not None:
            return plain or None
        everything = Everything.fresh()
        await self.answer(everything, question)
        return contested(ours.faults, theirs.faults, everything)


class Everything(Executor[Any]):
    """graphql-core's executor, in which an error nulls its own place only: so that all arise."""

    faults: set[Fault]
    required: set[Path]  # the places that must not be null

    @classmethod
    def fresh(cls) -> type["Everything"]:
        """The class, with nothing noted as yet."""
        return type("Everything", (cls,), {"faults": set(), "required": set()})

    def __init__(self, *args: Any, **options: Any) -> None:
        options.pop("operation_extensions", None)
        super().__init__(*args, **options)
        self.error_propagation = False

    def complete_value(self, *args: Any) -> Any:
        """Note that the place must not be null."""
        type_, _, _, path, *_ = args
        if is_non_null_type(type_):
            self.required.add(tuple(path.as_list()))
        return super().complete_value(*args)

    def handle_field_error(self, error: Any, type_: Any, details: Any, path: Any) -> None:
        """Note the error."""
        own = tuple(path.as_list())
        if is_non_null_type(type_):
            self.required.add(own)
        self.faults.add(Fault.of(located_error(error, [each.node for each in details], own)))
        super().handle_field_error(error, type_, details, path)


def _plainly(ours: Answer, theirs: Answer) -> str | None:
    """How they differ; nothing if they are equal; None if only the errors differ."""
    if repr(ours.data) != repr(theirs.data):  # 1, 1.0 and True are not the same, nor is the order
        return f"data\n ours   {ours}\n theirs {theirs}"
    if ours.log != theirs.log:
        return f"order\n ours   {ours.log}\n theirs {theirs.log}"
    return "" if Counter(ours.faults) == Counter(theirs.faults) else None


def contested(
    ours: Iterable[Fault], theirs: Iterable[Fault], everything: type[Everything]
) -> str | None:
    """How errors differ beyond what GraphQL leaves open: the two answers have the same data."""
    nulled, theirs_nulled = (_nulled(faults, everything.required) for faults in (ours, theirs))
    # Which error an answer has for a place that several have nulled is open: but it has one.
    if any(len(faults) > 1 for faults in nulled.values()):
        return f"several errors for one place: {nulled}"
    # What else went wrong below a place that is null anyway is open: it may be told or not.
    if (mine := _tops(nulled)) != (others := _tops(theirs_nulled)):
        return f"nulled places\n ours   {mine}\n theirs {others}"
    # Whatever is told has to be so: it arises if errors stop each other nowhere.
    if invented := {fault for own in nulled.values() for fault in own} - everything.faults:
        return f"errors that are none: {invented}\n possible {everything.faults}"
    return None


def _nulled(faults: Iterable[Fault], required: set[Path]) -> dict[Path, list[Fault]]:
    """The errors by the place that each makes null: the nearest that may be."""
    found: dict[Path, list[Fault]] = {}
    for fault in faults:
        place = fault.path
        while place in required:
            place = place[:-1]
        found.setdefault(place, []).append(fault)
    return found


def _tops(places: Iterable[Path]) -> set[Path]:
    """The places that lie below no other."""
    known = set(places)
    return {place for place in known if not any(place[:i] in known for i in range(len(place)))}
