"""What the events of streams carry."""

from collections.abc import Sequence

import strawberry

import models
from core import ids
from core.context import Info
from engine.fields import rows_of
from models import Kind, Mention, Order
from resolvers.log import shown_as
from subscriptions.events import StreamEvent


def kind(event: StreamEvent) -> Kind | None:
    """What happened; null unless the type is `CHANGE`, and if the viewer may not see it."""
    return event.entry.kind if event.entry and not event.is_hidden else None


def order_id(event: StreamEvent) -> strawberry.ID | None:
    """The id of the order, also if the viewer has just lost it; null unless it is a `CHANGE`."""
    if event.entry is None or event.entry.order_id is None:
        return None
    return strawberry.ID(ids.encode(Order, event.entry.order_id))


async def feed_entries(
    events: Sequence[StreamEvent], info: Info
) -> list[models.LogEntry | models.Message | None]:
    """The message as it is now, or what somebody did; null unless the type is `CHANGE`.

    Null too if the message may not be seen any more.
    """
    entries = [event.entry for event in events if event.entry]
    shown = await shown_as(info, entries)
    return [shown.get(event.entry.id) if event.entry else None for event in events]


async def mentions(events: Sequence[StreamEvent], info: Info) -> list[models.Mention | None]:
    """The mention; null unless the type is `CHANGE`, and if it has been taken back since."""
    ids = {event.entry.subject_id for event in events if event.entry}
    found = await rows_of(info, Mention, ids)
    return [found.get(event.entry.subject_id) if event.entry else None for event in events]


async def orders(events: Sequence[StreamEvent], info: Info) -> list[models.Order | None]:
    """The order as it is now; null unless the type is `CHANGE`, and if the viewer lost it."""
    ids = {event.entry.order_id for event in events if event.entry}
    found = await rows_of(info, Order, ids)
    return [found.get(event.entry.order_id) if event.entry else None for event in events]
