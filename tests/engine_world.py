"""Rows for tests/engine_schema.py: values right and wrong, by a seed; and whom resolvers ask."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from engine_values import Broken, Colour, Later, Made, Mood, Temper, raising, read
from graphql import Undefined
from sqlalchemy import BinaryExpression, BindParameter, Select, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.visitors import iterate
from strawberry.dataloader import DataLoader

from engine.tracing import Trace


class Row:
    """Something with attributes of all sorts, by a function from their names."""

    def __init__(self, invent: Callable[[str], Any]) -> None:
        self._invent = invent
        self._values: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"no {name}")
        if name not in self._values:
            self._values[name] = self._invent(name)
        return read(self._values[name])


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


class StoredKnot(tuple[Any, ...]):
    """A row of that table, as the database has it."""

    __slots__ = ()
    model = Knot
    places: ClassVar = {"id": 0, "parent_id": 1, "name": 2}

    def __getattr__(self, name: str) -> Any:
        if name not in self.places:
            raise AttributeError(name)
        return self[self.places[name]]


@dataclass
class Viewer:
    """Who asks."""

    staff: bool = True


@dataclass
class Context:
    """What resolvers are given; it selects from the knots."""

    knots: Sequence[Any] = ()
    viewer: Viewer = field(default_factory=Viewer)
    loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)
    reads_once: bool = False
    gives_way: Callable[[int], Awaitable[None]] | None = None
    trace: Trace | None = None
    log: list[str] = field(default_factory=list)

    def select(self, model: type[Any], reads: Sequence[str] = ()) -> Select[Any]:
        """All rows of a table."""
        del reads
        return select(model)

    async def read(
        self, build: Callable[..., Select[Any]], *fixed: Any, needs: Any = None, **values: Any
    ) -> Sequence[Any]:
        """The rows with one of the values that a statement is given for a column."""
        del needs
        await asyncio.sleep(0)
        where = build(self, *fixed).whereclause
        assert isinstance(where, BinaryExpression)
        (wanted,) = (e.key for e in iterate(where.right) if isinstance(e, BindParameter))
        name = str(where.left.key)
        return [knot for knot in self.knots if getattr(knot, name) in values[wanted]]


NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HUGE = 2**31
LEAVES: dict[str, tuple[list[Any], list[Any]]] = {
    "text": (["a", "b", ""], [1, 1.5, True, ["l"], float("nan")]),
    "whole": ([1, 0, -HUGE, HUGE - 1, HUGE], [-HUGE - 1, "7", "x", 1.0, 1.5, True]),
    "number": ([1.5, 2, 0.0], [float("nan"), float("inf"), "1.5", "x", True, 10**400]),
    "flag": ([True, False], [1, 0, 2.0, "true", float("nan")]),
    "ident": (["a", "7"], [7, 7.0, 1.5, True, b"b"]),
    "colour": (list(Colour), ["red", "RED", Mood.CALM, [], {}]),
    "mood": (list(Mood), [1, "CALM", 3, *Temper, Colour.RED]),
    "odd": (["x", "y"], ["bad", "nothing", "hostile"]),
    "moment": ([NOON], ["2026", 5]),
}
"""Of each kind of leaf: values of it, and other values."""

LISTS = {
    "texts": ("text", 1),
    "moods": ("mood", 1),
    "things": ("thing", 1),
    "beings": ("being", 1),
    "eithers": ("either", 1),
    "grid": ("whole", 2),
    "board": ("thing", 2),
}
"""Of each kind of list: its items, and how many lists are about them."""

ANYWHERE = [
    None,
    None,
    Undefined,
    Made(lambda: Broken("as a value")),
    raising("on reading"),
    Later(None),
    Later(Made(lambda: Broken("as a late value"))),
    Later(raising("late")),
    Stone(str),
]
"""What is wrong, or missing, anywhere."""

TYPES = ["Cat", "Dog", None, "Nowhere", "Thing", "Being", 5, Later("Cat"), raising("no type")]
"""What a being may say that it is."""


RATES = (0, 0.04, 0.15, 0.4)


class World:
    """All rows there are; `root` is what root fields read. Of four seeds, each has more wrong."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rate = RATES[seed % 4]
        self.things = [Thing(self._inventor(f"thing {i}")) for i in range(4)]
        self.beings: list[Any] = [Cat(self._inventor(f"cat {i}", "Cat")) for i in range(2)]
        self.beings += [Dog(self._inventor(f"dog {i}", "Dog")) for i in range(2)]
        self.knots = [self._knot(i, i // 2 or None, "ab"[i % 2]) for i in range(12)]
        self.root = Row(self._inventor("root"))

    def context(self) -> Context:
        """The context of a request."""
        return Context(self.knots, Viewer(staff=self._seed % 3 < 2))

    def _knot(self, number: int, parent: int | None, name: str) -> Any:
        """A mapped row or a stored one; in some worlds there are both."""
        if (self._seed // 4 + number * (self._seed % 3 == 0)) % 2:
            return StoredKnot([number, parent, name])
        return Knot(id=number, parent_id=parent, name=name)

    def _inventor(self, whose: str, kind: str = "") -> Callable[[str], Any]:
        return lambda name: Invention(self, f"{self._seed} {whose} {name}", self._rate).of(
            name, kind
        )


class Invention:
    """How one attribute of one row gets its value: the same each time."""

    def __init__(self, world: World, seed: str, rate: float) -> None:
        self._world = world
        self._random = random.Random(seed)  # noqa: S311 - it is to be the same each time
        self._rate = rate

    def of(self, name: str, kind: str) -> Any:
        """The value of an attribute; `kind` is what a being says of itself."""
        base = name.partition("_")[0]
        if base == "turns":
            return self._random.randrange(4)
        if base == "says":
            return self._choice(TYPES if self._wrong() else [kind])
        if base == "events":
            return [self._one("thing") for _ in range(3)]
        item, depth = LISTS.get(base, (base, 0))
        return self._list(item, depth)

    def _wrong(self) -> bool:
        return self._random.random() < self._rate

    def _choice(self, values: Sequence[Any]) -> Any:
        return self._random.choice(values)

    def _one(self, name: str) -> Any:
        things, beings = self._world.things, self._world.beings
        good, wrong = {
            **LEAVES,
            "thing": (things, beings),
            "picky": (things, beings),
            "being": (beings, things),
            "either": (things + beings, []),
            "knot": (self._world.knots, []),
        }[name]
        if not self._wrong():
            return self._choice(good)
        return self._choice(wrong or ANYWHERE) if self._random.random() < 0.5 else self._any()

    def _any(self) -> Any:
        return self._choice(ANYWHERE)

    def _list(self, item: str, depth: int) -> Any:
        if not depth:
            return self._one(item)
        if self._wrong() and self._random.random() < 0.5:
            return self._choice([5, "text", {}, *ANYWHERE])
        lengths = (0, 1, 2, 2, 3)
        items = [self._list(item, depth - 1) for _ in range(self._choice(lengths))]
        make = self._choice((list, list, list, tuple, _generator, _async_generator))
        return Made(lambda: make(map(read, items)))


def _generator(items: Iterator[Any]) -> Iterator[Any]:
    yield from items


async def _async_generator(items: Iterator[Any]) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item
