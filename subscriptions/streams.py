"""Streams: what was missed from the log, then what comes, without loss or double between."""

from collections.abc import AsyncGenerator, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self, TypeVar, cast

from sqlalchemy import Select

from core import log_places
from core.context import Context
from core.cursors import Cursor
from core.log_filter import Wanted
from core.viewer import Anyone
from models import PERSONAL, LogEntry
from subscriptions.events import StreamEvent, StreamEventType
from subscriptions.groups import Group
from subscriptions.hub import Hub
from subscriptions.live import Answer, Hand, Live, Ready
from subscriptions.shared import Member, Shared
from subscriptions.tail import Tail, Tails

_PAGE = 100
T = TypeVar("T")


@dataclass(frozen=True)
class Stream(Live):
    """What a subscription tells a viewer of the log: which entries, and from where on."""

    wanted: Wanted
    after: Cursor | None
    tells_named: ClassVar[bool] = False
    """Whether those are told of an entry whom it names, even if they may not see it."""

    def __post_init__(self) -> None:
        if self.after:
            log_places.require_own(self.context, self.after, "after")

    @property
    def is_personal(self) -> bool:
        """Whether what it tells is for one person alone."""
        return not PERSONAL.isdisjoint(self.wanted.kinds)

    def resumed(self, after: Cursor) -> Self:
        """The same, from another place on."""
        return replace(self, after=after)

    def entries(self, context: Context) -> Select[Any]:
        """The wanted entries of which the viewer may be told, as things are now."""
        return context.select(LogEntry).where(self.wanted.condition(context.viewer))

    async def event(self, _context: Context, event: StreamEvent) -> StreamEvent | None:
        """What the viewer is told of such an entry; None for nothing."""
        return event

    async def answers(
        self,
        key: Hashable | None,
        answer: Answer[T],
        hand: Hand[T] | None = None,
        _ready: Ready | None = None,
    ) -> AsyncGenerator[T, None]:
        """What `answer` makes of each event: of those that were missed, then of what comes."""
        own = self.context
        viewer = own.viewer if key is None else Anyone.like(own.viewer)
        tails = cast("Hub", own.hub).tails

        async def make(step: StreamEvent) -> tuple[T | None, bool]:
            context = own if key is None else Context(viewer, own.database, own.hub)
            return await tails.patiently(partial(self._answered, context, step, answer))

        def group() -> Group:
            shared = None if key is None else Shared(partial(_moment, tail), make)
            return Group(self.wanted, viewer, named=self.tells_named, shared=shared)

        async with tails.follow(viewer.organization_id) as tail:
            head = await tail.reach()
            # Who else sees an order is known as of now; what was before, the database is asked.
            from_now = not viewer.is_staff
            with tail.joined(key or object(), group, from_now=from_now) as joined:
                member = Member(hand)
                async with aclosing(self._steps(tails, tail, joined, member, head)) as steps:
                    async for step in steps:
                        if joined.shared:
                            made = await joined.shared.answer(step)
                        else:
                            made, _ = await make(step)
                        if made is not None:
                            yield made

    async def _answered(
        self, context: Context, step: StreamEvent, answer: Answer[T]
    ) -> tuple[T | None, bool]:
        """The answer to a step; None if the viewer is told nothing of it."""
        event: StreamEvent | None = step
        if step.entry is not None:
            if not context.viewer.is_staff:
                # Their orders may have become others meanwhile.
                still = self.entries(context).where(LogEntry.seq == step.entry.seq)
                if not await context.now(still):
                    return None, True
            event = await self.event(context, step)
        return (None, True) if event is None else await answer(context, event)

    async def _steps(
        self, tails: Tails, tail: Tail, group: Group, member: Member, head: int
    ) -> AsyncGenerator[StreamEvent, None]:
        """What may have to be told: what was missed up to the head, then whatever comes."""
        here = await self._place(tail, head)
        member.position = head
        if self.after and await self._is_there(tail, self.after, head):
            member.position = self.after.seq
        elif self.after:
            yield StreamEvent(StreamEventType.RESYNC, here)
        while member.position < head:
            entries, reached = await self._missed(tails, group, member.position, head)
            for entry in entries:
                yield StreamEvent.of(entry)
            member.position = reached
        yield StreamEvent(StreamEventType.READY, here)
        while True:
            tail.check()
            entries, reached = await self._missed(tails, group, member.position, tail.position)
            for entry in entries:
                yield StreamEvent.of(entry)
            member.position = reached
            if reached == tail.position and not tail.ended:
                await group.wait(member)

    async def _missed(
        self, tails: Tails, group: Group, last: int, head: int
    ) -> tuple[Sequence[LogEntry], int]:
        """The wanted entries after number `last`, or the first of them; and how far they reach."""
        if (kept := group.after(last)) is not None:
            return [entry for entry in kept if entry.seq <= head], head
        wanted = self.entries(self.context).where(LogEntry.seq > last, LogEntry.seq <= head)
        page_of = wanted.order_by(LogEntry.seq).limit(_PAGE)
        async with tails.paging:
            page = await tails.patiently(lambda: self.context.now(page_of))
        return page, page[-1].seq if len(page) == _PAGE else head

    async def _is_there(self, tail: Tail, cursor: Cursor, head: int) -> bool:
        """Whether the log still has the very entry that a cursor was made for."""
        return cursor.seq <= head and cursor == await self._place(tail, cursor.seq)

    async def _place(self, tail: Tail, seq: int) -> Cursor:
        return tail.place(seq) or await log_places.place(self.context, seq)


def _moment(tail: Tail, step: StreamEvent) -> Hashable:
    """What an answer depends on: the event, and what has happened to its order since."""
    since = tail.version(step.entry.order_id) if step.entry else 0
    return step.type, step.cursor, since
