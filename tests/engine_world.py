"""Rows for tests/engine_schema.py: values right and wrong, by a seed; and whom resolvers ask."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Generator, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import strawberry
from graphql import Undefined
from sqlalchemy import BinaryExpression, BindParameter, Select, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from strawberry.dataloader import DataLoader


@strawberry.enum
class Colour(Enum):
    """An enum whose members have exchanged their names."""

    RED = strawberry.enum_value("red", name="GREEN")
    GREEN = strawberry.enum_value("green", name="RED")
    BLUE = strawberry.enum_value("blue", name="AZURE")


@strawberry.enum
class Mood(Enum):
    """An enum whose members are called as they are."""

    CALM = 1
    WILD = 2


class Temper(Enum):
    """An enum with the names of another."""

    CALM = 1
    WILD = 3


class Hostile:
    """A value that cannot be compared."""

    __hash__ = None  # type: ignore[assignment] # it cannot be hashed either

    def __eq__(self, other: object) -> bool:
        raise TypeError("compared")

    def __repr__(self) -> str:
        return "hostile"


class Broken(Exception):
    """What goes wrong with a row."""


@dataclass(frozen=True)
class Made:
    """A value that is made anew whenever it is read."""

    make: Callable[[], Any]


def read(value: Any) -> Any:
    """A value, made if it has to be."""
    return value.make() if isinstance(value, Made) else value


def raising(text: str) -> Made:
    """A value that cannot be read."""

    def make() -> Any:
        raise Broken(text)

    return Made(make)


@dataclass(frozen=True)
class Later:
    """A value that has to be awaited; unlike a coroutine, one may forget it."""

    value: Any

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        return read(self.value)


class Row:
    """Something with attributes of all sorts."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.values:
            raise AttributeError(f"no {name}")
        return read(self.values[name])


class Thing(Row):
    """A row of the type Thing."""


class Cat(Row):
    """A row of the type Cat."""


class Dog(Row):
    """A row of the type Dog."""


class Stone(Row):
    """A row of no type."""


class Base(DeclarativeBase):
    """Tables that are in no database."""


class Knot(Base):
    """A row of a tree, as SQLAlchemy has them."""

    __tablename__ = "knots"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None]
    name: Mapped[str | None]


@dataclass
class Viewer:
    """Who asks."""

    staff: bool = True


@dataclass
class Context:
    """What resolvers are given; it selects from the knots."""

    knots: Sequence[Knot] = ()
    viewer: Viewer = field(default_factory=Viewer)
    loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def select(self, model: type[Any]) -> Select[Any]:
        """All rows of a table."""
        return select(model)

    async def rows(self, statement: Select[Any]) -> Sequence[Any]:
        """The rows with one of the values that a statement has for a column."""
        await asyncio.sleep(0)
        where = statement.whereclause
        assert isinstance(where, BinaryExpression)
        (wanted,) = (e.value for e in where.right.get_children() if isinstance(e, BindParameter))
        name = str(where.left.key)
        return [knot for knot in self.knots if getattr(knot, name) in (wanted or ())]


NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HUGE = 2**31
LEAVES: dict[str, tuple[list[Any], list[Any]]] = {
    "text": (["a", "b", ""], [1, 1.5, True, ["l"], float("nan")]),
    "whole": ([1, 0, -HUGE, HUGE - 1], [HUGE, -HUGE - 1, "7", "x", 1.0, 1.5, True]),
    "number": ([1.5, 2, 0.0], [float("nan"), float("inf"), "1.5", "x", True, 10**400]),
    "flag": ([True, False], [1, 0, 2.0, "true", float("nan")]),
    "ident": (["a", "7"], [7, 7.0, 1.5, True, b"b"]),
    "colour": (list(Colour), ["red", "RED", Mood.CALM, [], {}]),
    "mood": (list(Mood), [1, "CALM", 3, *Temper, Colour.RED]),
    "odd": (["x", "y"], ["bad", "nothing", "hostile"]),
    "moment": ([NOON], ["2026", 5]),
}
"""Of each kind of leaf: values of it, and other values."""

ANYWHERE = [
    None,
    None,
    Undefined,
    Made(lambda: Broken("as a value")),
    raising("on reading"),
    Later(None),
    Later(Made(lambda: Broken("as a late value"))),
    Later(raising("late")),
    Stone({}),
]
"""What is wrong, or missing, anywhere."""

TYPES = ["Cat", "Dog", None, "Nowhere", "Thing", "Being", 5, Later("Cat"), raising("no type")]
"""What a being may say that it is."""


class World:
    """All rows there are; `root` is what root fields read. The more is wrong, the higher `rate`."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - it is to be the same each time
        self._staff = seed % 3 < 2
        self._rate = (0, 0.04, 0.15, 0.4)[seed % 4]
        self.things: list[Any] = [Thing({}) for _ in range(4)]
        self.beings: list[Any] = [Cat({}), Cat({}), Dog({}), Dog({})]
        self.knots = [
            Knot(id=i, parent_id=i // 2 or None, name=self._random.choice("ab")) for i in range(12)
        ]
        for row in (*self.things, *self.beings):
            row.values = self._values()
        for row in self.beings:
            row.values["says"] = type(row).__name__ if self._fine() else self._choice(TYPES)
        self.root = Row(self._values())
        self.events = [self._one(self.things) for _ in range(3)]

    def context(self) -> Context:
        """The context of a request."""
        return Context(self.knots, Viewer(self._staff))

    def _values(self) -> dict[str, Any]:
        values: dict[str, Any] = {"turns": self._random.randrange(4)}
        for name, (good, wrong) in LEAVES.items():
            for suffix in ("", "_required"):
                values[name + suffix] = self._one(good, wrong)
        for suffix in ("", "_items", "_list", "_both"):
            values["texts" + suffix] = self._list(lambda: self._one(*LEAVES["text"]))
            values["moods" + suffix] = self._list(lambda: self._one(*LEAVES["mood"]))
            values["things" + suffix] = self._list(lambda: self._one(self.things))
            values["beings" + suffix] = self._list(lambda: self._one(self.beings))
            values["eithers" + suffix] = self._list(self._either)
            values["grid" + suffix] = self._list(
                lambda: self._list(lambda: self._one(*LEAVES["whole"]))
            )
            values["board" + suffix] = self._list(
                lambda: self._list(lambda: self._one(self.things))
            )
        for suffix in ("", "_required"):
            values["thing" + suffix] = self._one(self.things, self.beings)
            values["being" + suffix] = self._one(self.beings, self.things)
            values["either" + suffix] = self._either()
            values["picky" + suffix] = self._one(self.things, self.beings)
            values["knot" + suffix] = self._one(self.knots)
        return values

    def _fine(self) -> bool:
        return self._random.random() >= self._rate

    def _choice(self, values: Sequence[Any]) -> Any:
        return self._random.choice(values)

    def _one(self, good: Sequence[Any], wrong: Sequence[Any] = ()) -> Any:
        if self._fine():
            return self._choice(good)
        return self._choice(wrong) if wrong and self._random.random() < 0.5 else self._any()

    def _any(self) -> Any:
        return self._choice(ANYWHERE)

    def _either(self) -> Any:
        return self._one(self.things + self.beings)

    def _list(self, item: Callable[[], Any]) -> Any:
        if not self._fine() and self._fine():
            return self._choice([5, "text", {}, *ANYWHERE])
        items = [item() for _ in range(self._random.choice((0, 1, 2, 2, 3)))]
        make = self._choice((list, list, list, tuple, _generator, _async_generator))
        return Made(lambda: make(map(read, items)))


def _generator(items: Iterator[Any]) -> Iterator[Any]:
    yield from items


async def _async_generator(items: Iterator[Any]) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item
