"""An API over tests/engine_world.py with every kind of field, nullable and not, at every depth."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import engine_values as values
import engine_world as world
import strawberry
from engine_kinds import (
    KINDS,
    ONES,
    SHAPES,
    Fields,
    Info,
    Row,
    acting,
    awaited,
    batched,
    called,
    computed,
    edges,
    fields,
    leaves,
    plain,
    seen,
    streaming,
)
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

import engine.info
from engine.executor import BreadthFirstExecutor
from engine.fields import batch, column, itself, many, one


class Odd:
    """What the scalar Odd stands for."""


def _odd(value: Any) -> Any:
    if value == "bad":
        raise values.Broken("no such oddity")
    return {"nothing": None, "hostile": values.Hostile()}.get(value, value)


ODD = strawberry.scalar(name="Odd", serialize=_odd, parse_value=str)


def made(
    name: str,
    annotations: Fields,
    bases: tuple[Any, ...] = (),
    kind: Any = strawberry.type,
    **more: Any,
) -> Any:
    """A type with these fields."""
    namespace = {"__annotations__": annotations, "__module__": __name__, **more}
    return kind(type(name, bases, namespace), description=name)


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


async def scaled(
    rows: Sequence[Any],
    info: Info,
    by: int = 2,
    tags: list[str] | None = None,
    box: Box | None = None,
) -> list[str]:
    """A batch with arguments."""
    return [f"{info.field_name} {by} {tags} {box} {row.turns}" for row in rows]


async def doomed(_rows: Sequence[Any], _info: Info, of: str = "all") -> list[str]:
    """A batch that fails."""
    raise values.Broken(f"{of} are lost")


def told(
    root: Row,
    info: Info,
    times: int = 1,
    colour: values.Colour | None = values.Colour.RED,
    moods: list[values.Mood] | None = None,
    crate: Crate | None = None,
) -> str:
    """A resolver with arguments."""
    given = f"{times} {colour} {moods} {crate} {info.variable_values}"
    return f"{info.field_name} {root.turns} {given}"


def blind(_viewer: Any) -> bool:
    """A rule that fails."""
    raise values.Broken("who is it?")


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


def says(_cls: Any, value: Any, *_: Any) -> Any:
    """What a being says it is."""
    return getattr(value, "says", None)


Being = made(
    "Being",
    {
        "turns": int,
        "told": Annotated[str, strawberry.field(told)],
        "thing": Annotated["Thing | None", batched("thing")],
        "being_required": Annotated["Being", called("being_required")],
    },
    kind=strawberry.interface,
    resolve_type=classmethod(says),
)
_lives = {"text": "str | None", **fields(batched, "beings", "Being", SHAPES)}
_barks = {"whole": "int | None", "texts_both": "list[str]", "being": "Being | None"}
Cat = made("Cat", _lives, (Being,), is_type_of=of(world.Cat))
Dog = made("Dog", _barks, (Being,), is_type_of=of(world.Dog))
Either: Any = Annotated[Cat | Dog | Thing, strawberry.union("Either")]


async def _picky(value: Any, info: Any) -> bool:
    await asyncio.sleep(0)
    if isinstance(value, world.Dog):
        raise values.Broken(f"{info.field_name} is no dog")
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
    config=StrawberryConfig(scalar_map={Odd: ODD}, info_class=engine.info.Info),
    extensions=[ParserCache, ValidationCache],  # each document is asked several times
    execution_context_class=BreadthFirstExecutor,
)
