"""The stream of who is at an order, and who types there."""

from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Self, TypeVar, cast
from uuid import UUID

from typing_extensions import Doc

from core import log, may
from core.arguments import OrderId
from core.context import Context, Info
from core.cursors import Cursor
from core.errors import NotFound
from core.log_filter import Wanted
from core.may import Standing
from core.viewer import READING, Anyone
from models import PARTS, Order, Permission
from subscriptions.events import PresenceEvent
from subscriptions.groups import Group, Item
from subscriptions.hub import Hub
from subscriptions.live import Answer, Hand, Live, Ready
from subscriptions.room import View
from subscriptions.rooms import OpenRoom, Watcher
from subscriptions.tail import Tail

T = TypeVar("T")


async def order_presence(
    info: Info,
    order_id: Annotated[OrderId, Doc("The order to be at.")],
    hidden: Annotated[bool, Doc("Whether to look without being seen.")] = False,
) -> "OrderPresence":
    """Who is at an order now, and who types in its chat: at once, and again when it changes.

    Whoever follows this is there, as long as they do, unless `hidden`. For those who may use the
    order's chat. At most two events a second come; each has the whole of it, and none is told that
    a newer one has overtaken.
    """
    await require_chat(info.context, order_id)
    return OrderPresence(info.context, order_id, hidden)


async def require_chat(context: Context, order_id: UUID) -> None:
    """Nothing, if the viewer may use the chat of an order; else `NotFound`, or `Forbidden`."""
    if not await _sees(context, order_id):
        raise NotFound("orderId", "There is no such order.")
    # Whoever works for the agency and is not staff sees no orders but those they are assigned to.
    viewer = context.viewer
    may.require(Standing(viewer, is_assigned=not viewer.is_customer), may.chat)


async def _sees(context: Context, order_id: UUID) -> bool:
    order = context.select(Order).where(Order.id == order_id)
    return bool(await context.now(order))


class _Parts(Group):
    """Has all who watch a room look when somebody may have lost its order, or was given it."""

    def __init__(self, order_id: UUID, organization_id: UUID, room: OpenRoom) -> None:
        everybody = Anyone(Permission.STAFF, organization_id, READING)
        super().__init__(Wanted(PARTS, {order_id}), everybody, named=False, shared=None)
        self._room = room

    def offer(self, item: Item) -> bool:
        """Take the log's next entry; whoever has no part in the order any more is let go."""
        is_wanted = super().offer(item)
        if is_wanted:
            for person_id in log.named(item.entry) - item.seers:
                self._room.lose(person_id)
        return is_wanted

    def wake(self, *, at_the_end: bool = False) -> None:
        """Have the watchers look."""
        super().wake(at_the_end=at_the_end)
        self._room.wake()


@dataclass(frozen=True)
class OrderPresence(Live):
    """Who is at an order, as it is told to a viewer who is there, too."""

    order_id: UUID
    hidden: bool
    is_personal = False

    def resumed(self, after: Cursor) -> Self:
        """The same: there is nothing to be missed."""
        del after
        return self

    async def answers(
        self,
        key: Hashable | None,
        answer: Answer[T],
        _hand: Hand[T] | None = None,
        ready: Ready | None = None,
    ) -> AsyncGenerator[T, None]:
        """What `answer` makes of who is there: at once, and whenever it has changed.

        Whoever loses the order is neither told nor seen any more, until they are given it again.
        """
        told: View | None = None
        async with self._watching() as (watcher, tail):
            while True:
                await watcher.news()
                if ready:
                    await ready()
                if not await self._may_still(tail):
                    watcher.go()
                    told = None
                    continue
                self._come(watcher)
                view = watcher.view(anew=told is None)
                if view != told:
                    told = view
                    make = partial(self._answered, key, answer, view)
                    # Without a key it is nobody else's.
                    yield await watcher.once((key or self, view), make)

    @property
    def _hub(self) -> Hub:
        return cast("Hub", self.context.hub)

    def _come(self, watcher: Watcher) -> None:
        if not self.hidden:
            watcher.come()

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[tuple[Watcher, Tail]]:
        """Be at the order; the log tells who loses it."""
        viewer, agency = self.context.viewer, self.context.viewer.organization_id
        with self._hub.rooms.watched((agency, self.order_id), viewer.id) as watcher:
            self._come(watcher)
            async with self._hub.tails.follow(agency) as tail:
                await tail.reach()
                parts = partial(_Parts, self.order_id, agency, watcher.room)
                with tail.joined(watcher.room, parts, from_now=True):
                    yield watcher, tail

    async def _may_still(self, tail: Tail) -> bool:
        tail.check()
        if self.context.viewer.is_staff:
            return True
        return await self._hub.tails.patiently(partial(_sees, self.context, self.order_id))

    async def _answered(
        self, key: Hashable | None, answer: Answer[T], view: View
    ) -> tuple[T, bool]:
        own, event = self.context, PresenceEvent(list(view.people), view.total)
        viewer = own.viewer if key is None else Anyone.like(own.viewer)
        context = own if key is None else Context(viewer, own.database, own.hub)
        return await self._hub.tails.patiently(partial(answer, context, event))
