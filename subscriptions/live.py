"""What subscriptions have in common, be they of the log or not."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, TypeVar

from core.context import Context
from core.cursors import Cursor

T = TypeVar("T")

Answer: TypeAlias = Callable[[Context, Any], Awaitable[tuple[T, bool]]]
"""Makes an answer of an event, and says whether it is good for others who ask later, too."""

Hand: TypeAlias = Callable[[T], bool]
"""Gives an answer at once; False if it can't be taken now."""

Ready: TypeAlias = Callable[[], Awaitable[None]]
"""Waits until all has been taken that was given before."""


@dataclass(frozen=True)
class Live(ABC):
    """What a subscription tells a viewer."""

    context: Context

    @property
    @abstractmethod
    def is_personal(self) -> bool:
        """Whether it tells one person alone."""

    @abstractmethod
    def resumed(self, after: Cursor) -> Self:
        """The same, from a place in the log on."""

    @abstractmethod
    def answers(
        self,
        key: Hashable | None,
        answer: Answer[T],
        hand: Hand[T] | None = None,
        ready: Ready | None = None,
    ) -> AsyncGenerator[T, None]:
        """What `answer` makes of each event: each is judged, and answered, when it is sent.

        With a key that is done once for all who follow the same with the same key: all staff, or
        all admins, who must be told the same, whoever they are. What comes while one waits may be
        given to `hand`, which says whether it could be taken; the rest is yielded. What is not
        worth waiting for is made only when the client is `ready`.
        """

    async def __aiter__(self) -> AsyncGenerator[Any, None]:
        """The events, as things are when each is sent; no connection is held in between."""
        async with aclosing(self.answers(None, _as_it_is)) as events:
            async for event in events:
                try:
                    yield event
                finally:
                    await self.context.release()


async def _as_it_is(_context: Context, event: Any) -> tuple[Any, bool]:
    return event, False
