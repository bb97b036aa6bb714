"""One question, two executors: where ours answers other than graphql-core's own."""

import copy
import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import strawberry
from graphql import GraphQLError, is_non_null_type, located_error
from graphql.execution import Executor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionResult

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

    async def answers(self, executor: Any, question: Question) -> list[Answer]:
        """What it answers when this executor is used: once, or to each event."""
        schema = copy.copy(self.schema)
        schema.execution_context_class = executor
        context = self.context()
        stream = await schema.stream(question.document, question.variables, context, self.root)
        answers = []
        async for result in stream:
            assert isinstance(result, ExecutionResult), (question.document, result)
            faults = [Fault.of(error) for error in result.errors or []]
            answers.append(Answer(result.data, faults, getattr(context, "log", [])))
        return answers

    async def ours(self, question: Question) -> list[Answer]:
        """What our executor answers."""
        return await self.answers(self.schema.execution_context_class, question)

    async def theirs(self, question: Question) -> list[Answer]:
        """What graphql-core answers."""
        return await self.answers(StrawberryGraphQLCoreExecutionContext, question)

    async def difference(self, question: Question) -> str | None:
        """How our answer differs from graphql-core's, if it does."""
        ours, theirs = await self.ours(question), await self.theirs(question)
        if equal(ours, theirs):
            return None
        if len(ours) != len(theirs):
            return f"number of answers\n ours   {ours}\n theirs {theirs}"
        everything: Any = type("Everything", (Everything,), {"runs": []})
        await self.answers(everything, question)
        noted = itertools.chain(everything.runs, itertools.repeat(Noted()))
        told = (_difference(*each) for each in zip(ours, theirs, noted, strict=False))
        return next(filter(None, told), None)


@dataclass
class Noted:
    """What arises in one execution if errors stop each other nowhere."""

    faults: set[Fault] = field(default_factory=set)
    required: set[Path] = field(default_factory=set)  # the places that must not be null


class Everything(Executor[Any]):
    """graphql-core's executor, in which an error nulls its own place only: so that all arise."""

    runs: list[Noted]

    def __init__(self, *args: Any, **options: Any) -> None:
        options.pop("operation_extensions", None)
        super().__init__(*args, **options)
        self.error_propagation = False

    def execute_operation(self, serially: bool | None = None) -> Any:
        """Begin a list of what arises."""
        self.runs.append(Noted())
        return super().execute_operation(serially)

    def complete_value(self, *args: Any) -> Any:
        """Note that the place must not be null."""
        type_, _, _, path, *_ = args
        if is_non_null_type(type_):
            self.runs[-1].required.add(tuple(path.as_list()))
        return super().complete_value(*args)

    def handle_field_error(self, error: Any, type_: Any, details: Any, path: Any) -> None:
        """Note the error."""
        own = tuple(path.as_list())
        if is_non_null_type(type_):
            self.runs[-1].required.add(own)
        located = located_error(error, [each.node for each in details], own)
        self.runs[-1].faults.add(Fault.of(located))
        super().handle_field_error(error, type_, details, path)


def equal(ours: list[Answer], theirs: list[Answer]) -> bool:
    """Whether answers are the same, but for the order of their errors, which is open."""
    return len(ours) == len(theirs) and all(
        _alike(*each) and Counter(each[0].faults) == Counter(each[1].faults)
        for each in zip(ours, theirs, strict=True)
    )


def _alike(ours: Answer, theirs: Answer) -> bool:
    # 1, 1.0 and True are not the same here, nor are two orders of keys.
    return repr(ours.data) == repr(theirs.data) and ours.log == theirs.log


def _difference(ours: Answer, theirs: Answer, noted: Noted) -> str | None:
    if not _alike(ours, theirs):
        return f"data\n ours   {ours}\n theirs {theirs}"
    if equal([ours], [theirs]):
        return None
    return contested(ours.faults, theirs.faults, noted)


def contested(ours: list[Fault], theirs: list[Fault], noted: Noted) -> str | None:
    """How errors differ beyond what GraphQL leaves open, in answers with the same data."""
    nulled, theirs_nulled = (_nulled(faults, noted.required) for faults in (ours, theirs))
    # Which error stands for a place that several have nulled is open: but one does.
    if any(len(faults) > 1 for faults in nulled.values()):
        return f"several errors for one place\n {nulled}"
    # What else went wrong below a place that is null is open: it may be told or not.
    if (mine := _tops(nulled)) != (others := _tops(theirs_nulled)):
        return f"nulled places\n ours   {mine}\n theirs {others}"
    # Whatever is told must be so: it arises where errors stop each other nowhere.
    if invented := set(ours) - noted.faults:
        return f"errors that do not arise\n {invented}\n possible {noted.faults}"
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
