"""Values for tests/engine_world.py: of enums, odd ones, and those that fail when they are read."""

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import strawberry


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
