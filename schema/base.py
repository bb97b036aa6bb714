"""How a type, a query, an action and a stream become part of the API."""

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Any, Generic, TypeAlias, TypeVar, dataclass_transform

import orjson
import strawberry
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

import models
from core import ids
from core.arguments import IdempotencyKey, IdOf, Version
from core.context import Info
from core.cursors import Cursor
from core.errors import Invalid
from core.idempotency import Retry
from core.records import table_of
from core.visitor import Visitor
from core.work import Expected, perform
from engine import docs, inputs
from engine.fields import each, of_class, with_arguments
from schema import scopes
from subscriptions.live import Live

C = TypeVar("C")
N = TypeVar("N")
Root: TypeAlias = strawberry.Parent[Any]


@dataclass_transform()
def shape(cls: type[C]) -> type[C]:
    """An API type, described by its docstrings; a row of the table of the same name is one."""
    return _typed(cls, getattr(models, cls.__name__, None))


def shape_of(row: type[Any]) -> Callable[[type[C]], type[C]]:
    """An API type over rows of a class that has another name."""
    return lambda cls: _typed(cls, row)


def _typed(cls: type[C], row: type[Any] | None) -> type[C]:
    descriptions = docs.of_attributes(cls)
    cls.__row__ = row  # type: ignore[attr-defined] # for whoever asks what is behind the type
    is_type_of = row and of_class(row, lambda kind: issubclass(table_of(kind), row))
    made = strawberry.type(cls, description=_described(cls), directives=scopes.of_type(cls))
    get_object_definition(made, strict=True).is_type_of = is_type_of
    for field in get_object_definition(made, strict=True).fields:
        field.description = descriptions.get(field.python_name) or field.description
    return made


def _described(cls: type[Any]) -> str:
    needs = [f"Its fields need the scope `{each.scope.value}`." for each in scopes.of_type(cls)]
    return "\n\n".join([inspect.getdoc(cls) or "", *needs])


@strawberry.interface(description="Anything that has an id.")
class Node:
    """Anything that has an id."""

    id: Annotated[strawberry.ID, each(ids.of, reads=["id"])]


@shape
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool
    """Whether there is more after this page."""
    has_previous_page: bool
    """Whether there is more before this page."""
    start_cursor: Cursor | None
    """The cursor of the first edge."""
    end_cursor: Cursor | None
    """The cursor of the last edge."""


@strawberry.type(description="Something in a list, and its place there.")
class Edge(Generic[N]):
    """A row of a page, and its place in the list."""

    node: N = strawberry.field(description="What stands at this place.")
    cursor: Cursor = strawberry.field(description="Its place: give it back as `after` or `before`.")


async def _count(root: Root) -> int:
    return int(await root.count())


@strawberry.type(description="A page of a list.")
class Connection(Generic[N]):
    """Some rows of a list, in its order."""

    edges: list[Edge[N]] = strawberry.field(description="What is on this page, in order.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")
    total_count: int = strawberry.field(
        resolver=_count, description="How many there are on all pages. Counted only when asked for."
    )


def query(
    function: Callable[..., Awaitable[Any]], returns: Any, *, reads_once: bool = False
) -> StrawberryField:
    """A field of Query, read by `function(info, **arguments)`: by one statement, if said so."""
    arguments = inputs.of_function(function, skip=1)

    async def resolve(_: Root, info: Info, **given: Any) -> Any:
        return await function(info, **inputs.parse(arguments, given, ""))

    described = with_arguments(resolve, arguments, returns)
    field = strawberry.field(described, description=_doc(function))
    return _named(field, "query", function, reads_once=reads_once)


class Taken:
    """As the root value of a subscription: takes what is live, whose events are not executed."""

    def __init__(self) -> None:
        self.live: Live | None = None

    async def take(self, live: Live) -> AsyncGenerator[Any, None]:
        """Keep what is live; no events."""
        self.live = live
        nothing: tuple[Any, ...] = ()
        for event in nothing:
            yield event


def subscription(function: Callable[..., Awaitable[Live]], returns: Any) -> StrawberryField:
    """A field of Subscription, streamed by `await function(info, **arguments)`."""
    arguments = inputs.of_function(function, skip=1)

    async def resolve(root: Root, info: Info, **given: Any) -> AsyncIterator[Any]:
        live = await function(info, **inputs.parse(arguments, given, ""))
        return root.take(live) if isinstance(root, Taken) else aiter(live)

    described = with_arguments(resolve, arguments, AsyncGenerator[returns, None])
    field = strawberry.subscription(described, description=_doc(function))
    return _named(field, "subscription", function)


def mutation(
    action: Callable[..., Awaitable[Any]], returns: type[Any], *, tells: str | None = None
) -> StrawberryField:
    """A field of Mutation, done by `action(work, **arguments)`, which gives a row for `returns`.

    Its input type and its payload come from the action's signature. One that changes the row
    with the id `id` takes `expectedVersion`; every one takes `idempotencyKey`. One that tells a
    secret says what for.
    """
    arguments = inputs.of_function(action, skip=1)
    extras: list[inputs.Argument] = [EXPECTED_VERSION] if _is_update(arguments) else []
    input_type: Any = inputs.input_type(
        _pascal(action) + "Input",
        f"What `{to_camel_case(action.__name__)}` needs.",
        [*arguments, *extras, IDEMPOTENCY_KEY],
    )
    subject = "".join(f"_{c.lower()}" if c.isupper() else c for c in returns.__name__).strip("_")
    parts: dict[str, tuple[Any, str]] = {
        subject: (returns, "It, as it is now."),
        "cursor": (Cursor, "Its place in the log: subscribe `after` it."),
    }
    if tells:
        parts["secret"] = (str | None, f"{tells} Told this once: null in the answer to a retry.")
    payload = _payload(action, parts)

    async def resolve(_: Root, info: Info, input: Any) -> Any:
        given = inputs.parse(arguments, vars(input), "")
        own = inputs.parse([*extras, IDEMPOTENCY_KEY], vars(input), "")
        version, key = own.get("expected_version"), own.get("idempotency_key")
        done = await perform(
            info.context,
            action,
            given,
            expected=None if version is None else Expected(given["id"], version),
            retry=None if key is None else Retry(key, _fingerprint(action.__name__, input)),
        )
        told = {"secret": done.secret} if tells else {}
        return payload(**{subject: done.row, "cursor": done.cursor, **told})

    return _with_input(resolve, action, input_type, payload, "mutation")


def door(function: Callable[..., Awaitable[Any]], **answers: Any) -> StrawberryField:
    """A field of Mutation for who has no token yet, done by `function(visitor, **arguments)`.

    What it answers has one name. There is no key for retries, and no place in the log: nobody is
    known yet whose they could be.
    """
    arguments = inputs.of_function(function, skip=1)
    needs = f"What `{to_camel_case(function.__name__)}` needs."
    input_type: Any = inputs.input_type(_pascal(function) + "Input", needs, arguments)
    ((name, answer),) = answers.items()
    payload = _payload(function, {name: (answer, "What was asked for.")})

    async def resolve(_: Root, info: Info, input: Any) -> Any:
        if not isinstance(info.context, Visitor):
            raise Invalid("query", "Ask for this by HTTP, and for nothing else with it.")
        given = inputs.parse(arguments, vars(input), "")
        return payload(**{name: await function(info.context, **given)})

    return _with_input(resolve, function, input_type, payload, "door")


def signal(function: Callable[..., Awaitable[Any]], **answers: Any) -> StrawberryField:
    """A field of Mutation that changes nothing, done by `function(info, **arguments)`.

    What it answers has one name. There is no key for retries, and no place in the log: nothing of
    it is kept.
    """
    arguments = inputs.of_function(function, skip=1)
    needs = f"What `{to_camel_case(function.__name__)}` needs."
    input_type: Any = inputs.input_type(_pascal(function) + "Input", needs, arguments)
    ((name, answer),) = answers.items()
    payload = _payload(function, {name: answer})

    async def resolve(_: Root, info: Info, input: Any) -> Any:
        given = inputs.parse(arguments, vars(input), "")
        return payload(**{name: await function(info, **given)})

    return _with_input(resolve, function, input_type, payload, "signal")


def _with_input(
    resolve: Any, function: Callable[..., Any], input_type: Any, payload: Any, kind: str
) -> StrawberryField:
    described = strawberry.argument(description="What it needs.")
    resolve.__annotations__ = {
        "_": Root,
        "info": Info,
        "input": Annotated[input_type, described],
        "return": payload | None,
    }
    field = strawberry.mutation(resolve, description=_doc(function))
    return _named(field, kind, function)


def _named(
    field: StrawberryField, kind: str, function: Callable[..., Any], **more: Any
) -> StrawberryField:
    field.python_name = function.__name__
    field.metadata = MappingProxyType({"kind": kind, "function": function, **more})
    return field


EXPECTED_VERSION = inputs.Argument(
    "expected_version",
    Version | None,
    "The version you saw; `CONFLICT` if it has another one now.",
    required=False,
)
IDEMPOTENCY_KEY = inputs.Argument(
    "idempotency_key",
    IdempotencyKey | None,
    "Any text unique to this request: a retry with it within 24 hours is answered, not repeated.",
    required=False,
)


def _is_update(arguments: Sequence[inputs.Argument]) -> bool:
    """Whether an action changes a row that is there: the one that its argument `id` names."""
    extras = [getattr(a.hint, "__metadata__", ()) for a in arguments if a.name == "id"]
    named = [extra.model for each in extras for extra in each if type(extra) is IdOf]
    return any(issubclass(model, models.Versioned) for model in named)


def _payload(action: Callable[..., Any], parts: Mapping[str, tuple[Any, str]]) -> Any:
    """The payload type of an action: the type of each field, and what it is."""
    made = type(
        _pascal(action) + "Payload",
        (),
        {
            "__annotations__": {name: kind for name, (kind, _) in parts.items()},
            **{name: strawberry.field(description=text) for name, (_, text) in parts.items()},
        },
    )
    return strawberry.type(made, description=f"What `{to_camel_case(action.__name__)}` answers.")


def _fingerprint(name: str, input: Any) -> str:
    given = {k: v for k, v in vars(input).items() if k != "idempotency_key"}
    raw = orjson.dumps([name, given], default=_known, option=orjson.OPT_SORT_KEYS)
    return sha256(raw).hexdigest()


def _known(value: Any) -> Any:
    return None if value is strawberry.UNSET else vars(value)


def _pascal(action: Callable[..., Any]) -> str:
    return "".join(word.capitalize() for word in action.__name__.split("_"))


def _doc(function: Callable[..., Any]) -> str:
    return inspect.getdoc(function) or ""
