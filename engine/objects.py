"""Objects of an answer, built from the columns of their fields."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

_KEPT = 1_000

Builder = Callable[[Sequence[Sequence[Any]]], list[Any]]


@lru_cache(_KEPT)
def builder(names: tuple[str, ...]) -> Builder:
    """A function that makes of columns, one for each of `names`, an object for each row.

    Its code is written for these names, which is faster than `dict(zip(names, row))` for each.
    """
    if not all(name.isidentifier() for name in names):
        raise ValueError(f"Not all of these are names: {names}")
    values = ", ".join(f"v{i}" for i in range(len(names)))
    fields = ", ".join(f"{name!r}: v{i}" for i, name in enumerate(names))
    code = f"lambda columns: [{{{fields}}} for {values}, in zip(*columns, strict=True)]"
    made: Builder = eval(code)  # noqa: S307 - of identifiers only, as checked above
    return made
