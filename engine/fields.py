"""The kinds of fields: how a field gets its values for all rows of a list at once."""

import asyncio
import inspect
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import strawberry
from sqlalchemy import ColumnElement, Select, any_, bindparam, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.dataloader import DataLoader
from strawberry.types.field import StrawberryField

from engine import inputs
from engine.info import Info

Batch: TypeAlias = Callable[..., Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a place, where a field is otherwise asked of one: it answers for each of them."""

    rows: Sequence[Any]


def among(column: InstrumentedAttribute[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """`column` is one of `values`: one array parameter, so that the statement stays the same."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def of_class(row: type[Any], check: Callable[[type[Any]], bool]) -> Callable[[Any, Any], bool]:
    """An `is_type_of` for rows of a class: `check(kind)` is asked once for all of a kind."""

    def is_type_of(value: Any, _info: Any) -> bool:
        return check(type(value))

    is_type_of.of_class = check  # type: ignore[attr-defined] # for `Columns`
    is_type_of.row = row  # type: ignore[attr-defined] # for `engine.needs`
    return is_type_of


def within(column: Any, parameter: str) -> ColumnElement[bool]:
    """`column` is one of the values that a parameter of that name will hold."""
    condition: ColumnElement[bool] = column == any_(bindparam(parameter, type_=ARRAY(column.type)))
    return condition


def column(name: str, *, when: Callable[[Any], bool] | None = None) -> StrawberryField:
    """A column under another name; null where `when(viewer)` is false."""

    def resolve(root: strawberry.Parent[Any], info: strawberry.Info[Any]) -> Any:
        if when and not when(info.context.viewer):
            return None
        return getattr(root, name)

    return strawberry.field(resolve, metadata={"kind": "column", "column": name, "when": when})


def each(function: Callable[[Any], Any], *, reads: Sequence[str] = ()) -> StrawberryField:
    """A value that `function(row)` computes from the columns that it reads of a row."""

    def resolve(root: strawberry.Parent[Any]) -> Any:
        return function(root)

    return strawberry.field(
        resolve,
        description=inspect.getdoc(function),
        metadata={"kind": "each", "function": function, "reads": reads},
    )


def itself() -> StrawberryField:
    """Another type that shows the same row: a group of its columns."""

    def resolve(root: strawberry.Parent[Any]) -> Any:
        return root

    return strawberry.field(resolve, metadata={"kind": "itself"})


def one(model: type[Any], *, by: str) -> StrawberryField:
    """The row of `model` whose id is in the parent's column `by`."""

    async def load(rows: Sequence[Any], info: Info[Any]) -> list[Any]:
        found = await rows_of(info, model, {getattr(row, by) for row in rows} - {None})
        return [found.get(getattr(row, by)) for row in rows]

    return _field(load, {"kind": "one", "model": model, "by": by})


def many(model: type[Any], *, by: str, order_by: Sequence[str]) -> StrawberryField:
    """The rows of `model` whose column `by` holds the parent's id, sorted by `order_by`."""

    async def load(rows: Sequence[Any], info: Info[Any]) -> list[list[Any]]:
        keys = {row.id for row in rows}
        found: dict[Any, list[Any]] = defaultdict(list)
        for child in await info.read(_children, model, by, tuple(order_by), keys=keys):
            found[getattr(child, by)].append(child)
        return [found[row.id] for row in rows]

    return _field(load, {"kind": "many", "model": model, "by": by})


async def rows_of(info: Info[Any], model: Any, keys: Collection[Any]) -> dict[Any, Any]:
    """The rows of `model` with these ids, by their ids: those that the viewer may see."""
    if not keys:
        return {}
    return {row.id: row for row in await info.read(_by_id, model, keys=keys)}


def _by_id(sees: Any, model: Any) -> Select[Any]:
    statement: Select[Any] = sees.select(model).where(within(model.id, "keys"))
    return statement


def _children(sees: Any, model: Any, by: str, order_by: Sequence[str]) -> Select[Any]:
    statement: Select[Any] = sees.select(model, reads=[by])
    of_parents = statement.where(within(getattr(model, by), "keys"))
    return of_parents.order_by(*(getattr(model, name) for name in order_by))


def batch(function: Batch, *, reads: Sequence[str] = (), personal: bool = False) -> StrawberryField:
    """A field computed by `function(rows, info, **arguments)`: one value for each row, in order.

    It `reads` these columns of the rows, and `id`. It is `personal` if it depends on who asks, and
    not only on what they may see.
    """
    metadata = {"kind": "batch", "reads": reads, "personal": personal}
    return _field(function, metadata, inputs.of_function(function, skip=2))


async def load(info: Info[Any], function: Batch, row: Any, **arguments: Any) -> Any:
    """The value of `function(rows, info, **arguments)` for `row`, together with its neighbours."""
    key = (function, repr(sorted(arguments.items())))
    loaders = info.context.loaders
    if key not in loaders:

        async def load_all(rows: list[Any]) -> Sequence[Any]:
            return await function(rows, info, **arguments)

        # It batches and must not remember: a socket's later event reads later rows.
        loaders[key] = DataLoader(load_all, cache=False)
    # The loader forgets a load that joins a batch whose other loads have all been cancelled.
    return await asyncio.shield(loaders[key].load(row))


def _field(
    function: Batch, metadata: dict[str, Any], arguments: Sequence[inputs.Argument] = ()
) -> StrawberryField:
    async def resolve(root: strawberry.Parent[Any], info: Info[Any], **given: Any) -> Any:
        parsed = inputs.parse(arguments, given, "")
        if isinstance(root, Rows):
            return await function(root.rows, info, **parsed)
        return await load(info, function, root, **parsed)

    return strawberry.field(
        with_arguments(resolve, arguments),
        description=inspect.getdoc(function),
        metadata={**metadata, "function": function},
    )


def with_arguments(resolve: Any, arguments: Sequence[inputs.Argument], returns: Any = Any) -> Any:
    """`resolve(root, info, **given)` with the signature that Strawberry needs to see."""
    kept = list(inspect.signature(resolve).parameters.values())[:2]
    resolve.__signature__ = inspect.Signature(
        [
            *kept,
            *(
                inspect.Parameter(
                    argument.name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=inspect.Parameter.empty if argument.required else strawberry.UNSET,
                    annotation=_annotation(argument),
                )
                for argument in arguments
            ),
        ],
        return_annotation=returns,
    )
    resolve.__annotations__ = {
        parameter.name: parameter.annotation
        for parameter in resolve.__signature__.parameters.values()
    } | {"return": returns}
    return resolve


def _annotation(argument: inputs.Argument) -> Any:
    described = strawberry.argument(name=argument.alias, description=argument.description)
    return Annotated[argument.graphql, described]
