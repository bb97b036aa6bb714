"""Errors in the place of values."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, located_error
from graphql.pyutils import Path

from engine.places import Place
from engine.selections import Selected


@dataclass(slots=True, eq=False)
class Raised:
    """An error in the place of a value, on its way to the nearest place that may be null."""

    error: Exception
    field: Selected
    place: Place
    index: int

    def located(self, above: Path) -> GraphQLError:
        """The error with the path where it arose, which is at or below the path `above`."""
        start = above.as_list()
        paths = [path.as_list() for path in self.place.paths(self.index)]
        own = next(path for path in paths if path[: len(start)] == start)
        return located_error(self.error, self.field.nodes, own)


def first_raised(values: Iterable[Any]) -> Raised:
    """The first error among values that have one."""
    return next(value for value in values if isinstance(value, Raised))
