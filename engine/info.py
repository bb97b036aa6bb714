"""What a resolver is told of its field, and how it reads what the query needs of it."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from time import perf_counter
from typing import Any, Generic, Protocol

import strawberry
from graphql import GraphQLResolveInfo
from sqlalchemy import Select
from strawberry.dataloader import DataLoader
from typing_extensions import TypeVar

from engine.needs import Needs
from engine.tracing import Trace


class Reader(Protocol):
    """What the engine asks of a request's context."""

    loaders: dict[Hashable, DataLoader[Any, Any]]
    reads_once: bool
    """Set when one statement will be sent at most, so that it needs no transaction."""
    gives_way: Callable[[int], Awaitable[None]] | None
    """What is waited for when so many objects were made, if others are to go first."""
    trace: Trace | None
    """Where it is noted what each place takes, if somebody wants to know."""

    async def read(
        self,
        build: Callable[..., Select[Any]],
        *fixed: Any,
        needs: Needs | None = None,
        **values: Any,
    ) -> Sequence[Any]:
        """The rows of the statement `build(sees, *fixed)`, with `values` for its parameters.

        `sees.select(model)` are the rows of a table that the viewer may see, with the columns
        that are needed.
        """
        ...


C = TypeVar("C", bound=Reader)
R = TypeVar("R", default=None)


class ResolveInfo(GraphQLResolveInfo[Any]):
    """graphql-core's account of a field, and what the query needs of its rows."""

    needs: Needs | None = None


class Info(strawberry.Info[C, R], Generic[C, R]):
    """Strawberry's account of a field, and how its rows are read."""

    async def read(
        self, build: Callable[..., Select[Any]], *fixed: Any, **values: Any
    ) -> Sequence[Any]:
        """The rows of the statement `build(sees, *fixed)`, with `values` for its parameters.

        They have the columns that the query needs of what this field gives, and those that
        `build` asks for.
        """
        reading = self.context.read(build, *fixed, needs=self.needs, **values)
        return await self.noted(reading)

    @property
    def needs(self) -> Needs | None:
        """What the query needs of the rows that this field gives; None if that is not known."""
        needs: Needs | None = getattr(self._raw_info, "needs", None)
        return needs

    async def noted(self, reading: Awaitable[Sequence[Any]]) -> Sequence[Any]:
        """The rows of a statement, which is noted as one of this field."""
        begun = perf_counter()
        rows = await reading
        if trace := self.context.trace:
            trace.read(self.path.as_list(), begun, len(rows))
        return rows
