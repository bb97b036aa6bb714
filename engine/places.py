"""Places in an answer. What stands at them is completed together; their paths are rarely needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graphql.pyutils import Path


class Place(Protocol):
    """Where a column of values stands in the answer."""

    def paths(self, index: int) -> list[Path]:
        """The paths of the value number `index`: several where equal rows are completed once."""
        ...


@dataclass(frozen=True, slots=True)
class Root:
    """The one value of a root field."""

    path: Path

    def paths(self, index: int) -> list[Path]:
        """Its path."""
        del index
        return [self.path]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the objects at a place."""

    parent: Place
    name: str
    type_name: str

    def paths(self, index: int) -> list[Path]:
        """The paths of the field of object number `index`."""
        return [path.add_key(self.name, self.type_name) for path in self.parent.paths(index)]


@dataclass(frozen=True, slots=True)
class Items:
    """The items of the lists at a place, one list after the other."""

    parent: Place
    lists: Sequence[tuple[int, int]]  # of each list: its number at its place, and its length

    def paths(self, index: int) -> list[Path]:
        """The paths of item number `index` of all lists."""
        for number, length in self.lists:
            if index < length:
                return [path.add_key(index, None) for path in self.parent.paths(number)]
            index -= length
        raise IndexError(index)


@dataclass(frozen=True, slots=True)
class Some:
    """A choice of the values at a place, in which equal ones are one."""

    parent: Place
    members: Sequence[Sequence[int]]  # of each value: its numbers at that place

    def paths(self, index: int) -> list[Path]:
        """The paths of everything that value number `index` stands for."""
        return [path for number in self.members[index] for path in self.parent.paths(number)]


def distinct(values: Sequence[Any], present: Sequence[int]) -> Sequence[Sequence[int]] | None:
    """The numbers of each of those that are `present`: several of one that is there again.

    None if all are present, and no two are the same.
    """
    if len(present) == len(values) == len(set(map(id, values))):
        return None
    members: dict[int, list[int]] = {}
    for i in present:
        members.setdefault(id(values[i]), []).append(i)
    return list(members.values())
