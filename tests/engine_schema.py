"""An API over tests/engine_world.py with every kind of field, nullable and not, at every depth."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import engine_world as world
import strawberry
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

from engine.executor import BreadthFirstExecutor
from engine.fields import batch, column, each, itself, many, one

Row = strawberry.Parent[Any]
Info = strawberry.Info[world.Context, Any]


class Odd:
    """What the scalar Odd stands for."""


def _odd(value: Any) -> Any:
    if value == "bad":
        raise world.Broken("no such oddity")
    return {"nothing": None, "hostile": world.Hostile()}.get(value, value)


ODD = strawberry.scalar(name="Odd", serialize=_odd, parse_value=str)


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def _attempt(row: Any, name: str) -> Any:
    try:
        return await _awaited(getattr(row, name))
    except Exception as error:  # noqa: BLE001 - a batch gives errors as values
        return error


def plain(_name: str) -> StrawberryField | None:
    """A field that Strawberry reads by itself."""
    return None


def seen(name: str) -> StrawberryField:
    """A column that staff see."""
    return column(name, when=lambda viewer: viewer.staff)


def computed(name: str) -> StrawberryField:
    """A value computed from the row."""
    return each(lambda row: getattr(row, name))


def batched(name: str) -> StrawberryField:
    """A value read together with its neighbours."""

    async def values(rows: Sequence[Any], info: Info) -> list[Any]:
        """A value of each row."""
        del info
        await asyncio.sleep(0)
        return [await _attempt(row, name) for row in rows]

    return batch(values)


def called(name: str) -> StrawberryField:
    """A resolver of one row."""

    def resolve(root: Row) -> Any:
        return getattr(root, name)

    return strawberry.field(resolve)


def awaited(name: str) -> StrawberryField:
    """An asynchronous resolver of one row, some of which take longer."""

    async def resolve(root: Row) -> Any:
        for _ in range(getattr(root, "turns", 0)):
            await asyncio.sleep(0)
        return await _awaited(getattr(root, name))

    return strawberry.field(resolve)


Kind = Callable[[str], StrawberryField | None]
KINDS: dict[str, Kind] = {
    "Plain": plain,
    "Seen": seen,
    "Computed": computed,
    "Batched": batched,
    "Called": called,
    "Awaited": awaited,
}
LEAVES = {
    "text": "str",
    "whole": "int",
    "number": "float",
    "flag": "bool",
    "ident": "strawberry.ID",
    "colour": "world.Colour",
    "mood": "world.Mood",
    "odd": "Odd",
    "moment": "world.datetime",
}
SHAPES = {
    "": "list[{} | None] | None",
    "_items": "list[{}] | None",
    "_list": "list[{} | None]",
    "_both": "list[{}]",
}
GRIDS = {
    "": "list[list[{} | None] | None] | None",
    "_items": "list[list[{}] | None] | None",
    "_list": "list[list[{}]] | None",
    "_both": "list[list[{}]]",
}
ONES = {"": "{} | None", "_required": "{}"}
Fields = dict[str, Any]


def fields(kind: Kind, name: str, type_: str, shapes: dict[str, str], phase: int = 0) -> Fields:
    """A field of every second shape: the others are under another kind, or elsewhere."""
    found = {}
    for suffix, shape in list(shapes.items())[phase % 2 :: 2]:
        made = kind(name + suffix)
        annotation: Any = shape.format(type_)
        found[name + suffix] = annotation if made is None else Annotated[annotation, made]
    return found


def leaves(kind: Kind, phase: int) -> Fields:
    """Fields with leaves, and with lists of them."""
    found = {}
    for i, (name, type_) in enumerate(LEAVES.items()):
        found |= fields(kind, name, type_, ONES, phase + i)
    return {
        **found,
        **fields(kind, "texts", "str", SHAPES, phase),
        **fields(kind, "moods", "world.Mood", SHAPES, phase + 1),
        **fields(kind, "grid", "int", GRIDS, phase // 2),
    }


def edges(kind: Kind, other: Kind, third: Kind, phase: int) -> Fields:
    """Fields with objects."""
    return {
        **fields(kind, "thing", "Thing", ONES, phase),
        **fields(other, "being", "Being", ONES, phase),
        **fields(third, "either", "Either", ONES, phase + 1),
        **fields(other, "things", "Thing", SHAPES, phase),
        **fields(third, "beings", "Being", SHAPES, phase + 1),
        **fields(kind, "eithers", "Either", SHAPES, phase),
        **fields(kind, "board", "Thing", GRIDS, phase + 1),
        **fields(other, "picky", "Picky", ONES, phase + 1),
        **fields(called, "knot", "Knot", ONES, phase),
    }


def made(name: str, annotations: Fields, bases: tuple[Any, ...] = (), **more: Any) -> Any:
    """An object type with these fields."""
    namespace = {"__annotations__": annotations, "__module__": __name__, **more}
    return strawberry.type(type(name, bases, namespace), description=name)


def of(row: type[Any]) -> Any:
    """How a type knows its rows."""
    return staticmethod(lambda value, _info: isinstance(value, row))


for _phase, (_name, _kind) in enumerate(KINDS.items()):
    globals()[_name] = made(_name, leaves(_kind, _phase))
    globals()[_name + "Too"] = made(_name + "Too", leaves(_kind, _phase + 1))
ROWS = of(world.Row)
ViaBatches = made("ViaBatches", edges(batched, awaited, batched, 0), is_type_of=ROWS)
ViaCalls = made("ViaCalls", edges(called, computed, called, 1), is_type_of=ROWS)
VIEWS: Fields = {
    **{kind.lower(): Annotated[kind, itself()] for kind in KINDS},
    "via_batches": Annotated["ViaBatches", itself()],
    "via_calls": Annotated["ViaCalls | None", itself()],
}


@dataclass
class Box:
    """An input object of a batch."""

    size: int
    """How big it is."""
    label: str | None = None
    """What is written on it."""


@strawberry.input
class Crate:
    """An input object of a resolver."""

    size: int = 3
    label: str | None = strawberry.UNSET
    lid: Annotated["Crate | None", strawberry.argument()] = None


async def scaled(
    rows: Sequence[Any],
    info: Info,
    by: int = 2,
    tags: list[str] | None = None,
    box: Box | None = None,
) -> list[str]:
    """A batch with arguments."""
    return [f"{info.field_name} {by} {tags} {box} {row.turns}" for row in rows]


async def doomed(rows: Sequence[Any], info: Info, of: str = "all") -> list[str]:
    """A batch that fails."""
    del info
    raise world.Broken(f"{of} are lost")


def told(
    root: Row,
    info: Info,
    times: int = 1,
    colour: world.Colour | None = world.Colour.RED,
    moods: list[world.Mood] | None = None,
    crate: Crate | None = None,
) -> str:
    """A resolver with arguments."""
    given = f"{times} {colour} {moods} {crate} {info.variable_values}"
    return f"{info.field_name} {root.turns} {given}"


def blind(_viewer: Any) -> bool:
    """A rule that fails."""
    raise world.Broken("who is it?")


Thing = made(
    "Thing",
    {
        **VIEWS,
        **edges(plain, seen, computed, 1),
        "turns": int,
        "scaled": Annotated[str, batch(scaled)],
        "doomed": Annotated[str | None, batch(doomed)],
        "doomed_required": Annotated[str, batch(doomed)],
        "hidden": Annotated[str | None, column("text", when=blind)],
        "told": Annotated[str, strawberry.field(told)],
    },
    is_type_of=of(world.Thing),
)


@strawberry.interface
class Being:
    """An interface whose rows say what they are."""

    turns: int
    told: Annotated[str, strawberry.field(told)]
    thing: Annotated["Thing | None", batched("thing")]
    being_required: Annotated["Being", called("being_required")]

    @classmethod
    def resolve_type(cls, value: Any, *_: Any) -> Any:
        """What a being says it is."""
        return getattr(value, "says", None)


_lives = {"text": "str | None", **fields(batched, "beings", "Being", SHAPES)}
_barks = {"whole": "int | None", "texts_both": "list[str]", "being": "Being | None"}
Cat = made("Cat", _lives, (Being,), is_type_of=of(world.Cat))
Dog = made("Dog", _barks, (Being,), is_type_of=of(world.Dog))
Either = Annotated[Cat | Dog | Thing, strawberry.union("Either")]


async def _picky(value: Any, info: Any) -> bool:
    await asyncio.sleep(0)
    if isinstance(value, world.Dog):
        raise world.Broken(f"{info.field_name} is no dog")
    return isinstance(value, world.Thing)


Picky = made("Picky", {"turns": int, "text": "str | None"}, is_type_of=staticmethod(_picky))


@strawberry.type
class Knot:
    """A row of a tree."""

    name: str
    label: Annotated[str | None, column("name")]
    parent: Annotated["Knot | None", one(world.Knot, by="parent_id")]
    parent_required: Annotated["Knot", one(world.Knot, by="parent_id")]
    children: Annotated[list["Knot"], many(world.Knot, by="parent_id", order_by=("id",))]
    siblings: Annotated["list[Knot | None]", computed("id")]


def acting(name: str) -> StrawberryField:
    """An action that fails or not, and is seen to have been tried."""

    async def resolve(root: Row, info: Info) -> Any:
        info.context.log.append(f"{name} begins")
        await asyncio.sleep(0)
        info.context.log.append(f"{name} ends")
        return await _awaited(getattr(root, name))

    return strawberry.mutation(resolve)


def streaming(name: str) -> StrawberryField:
    """A stream of things."""

    async def stream(root: Row) -> AsyncIterator[Any]:
        for event in root.events:
            await asyncio.sleep(0)
            yield world.read(event)

    stream.__name__ = name
    return strawberry.subscription(stream)


Query = made(
    "Query",
    {
        **edges(called, awaited, plain, 0),
        **{f"{kind.lower()}_too": Annotated[f"{kind}Too", itself()] for kind in KINDS},
        **leaves(awaited, 0),
    },
)
Mutation = made(
    "Mutation", {**edges(acting, acting, acting, 0), **fields(acting, "text", "str", ONES)}
)
Subscription = made(
    "Subscription",
    {
        **fields(streaming, "thing", "Thing", ONES),
        **fields(streaming, "thing", "Thing", ONES, 1),
    },
)


class Quiet(strawberry.Schema):
    """A schema that does not log what goes wrong."""

    def process_errors(self, errors: Any, execution_context: Any = None) -> None:
        """Nothing."""


SCHEMA = Quiet(
    Query,
    Mutation,
    Subscription,
    types=[Cat, Dog],
    config=StrawberryConfig(scalar_map={Odd: ODD}),
    extensions=[ParserCache, ValidationCache],  # each document is asked several times
    execution_context_class=BreadthFirstExecutor,
)
