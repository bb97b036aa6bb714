"""Who types in an order's chat: told to those who are there, and kept nowhere."""

from typing import Annotated, cast

from typing_extensions import Doc

from core.arguments import OrderId, OrderServiceId
from core.context import Info
from core.errors import NotFound
from models import OrderService
from subscriptions.hub import Hub
from subscriptions.presence import require_chat
from subscriptions.room import TYPING_S


async def signal_typing(
    info: Info,
    order_id: Annotated[OrderId, Doc("The order in whose chat it is.")],
    order_service_id: Annotated[OrderServiceId, Doc("The service it is about; the order if none.")]
    | None = None,
    is_typing: Annotated[bool, Doc("Whether the viewer types; false ends it at once.")] = True,
) -> int:
    """Say that the viewer types, to those who follow `orderPresence`. For who may use the chat.

    Say it again every few seconds while it goes on; a message that is posted ends it. A person
    types in one place at a time. It changes nothing, and is not in the log.
    """
    viewer, rooms = info.context.viewer, cast("Hub", info.context.hub).rooms
    place = viewer.organization_id, order_id
    if is_typing and rooms.knows(place, viewer.id, order_service_id):
        return TYPING_S  # whoever says it with each key costs nothing
    await require_chat(info.context, order_id)
    if order_service_id is not None:
        services = info.context.select(OrderService).where(OrderService.id == order_service_id)
        if not await info.context.now(services.where(OrderService.order_id == order_id)):
            raise NotFound("orderServiceId", "There is no such service on this order.")
    if is_typing:
        rooms.begin_typing(place, viewer.id, order_service_id)
        return TYPING_S
    rooms.end_typing(place, viewer.id)
    return 0
