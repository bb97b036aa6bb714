"""Fields of every kind and shape for tests/engine_schema.py, over the rows of engine_world.py."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any

import engine_values as values
import engine_world as world
import strawberry
from strawberry.types.field import StrawberryField

import engine.info
from engine.fields import batch, column, each

Row = strawberry.Parent[Any]
Info = engine.info.Info[world.Context]
Kind = Callable[[str], StrawberryField | None]
Fields = dict[str, Any]


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
            yield values.read(event)

    stream.__name__ = name
    return strawberry.subscription(stream)


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
    "colour": "values.Colour",
    "mood": "values.Mood",
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
    found: Fields = {}
    for i, (name, type_) in enumerate(LEAVES.items()):
        found |= fields(kind, name, type_, ONES, phase + i)
    return {
        **found,
        **fields(kind, "texts", "str", SHAPES, phase),
        **fields(kind, "moods", "values.Mood", SHAPES, phase + 1),
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
