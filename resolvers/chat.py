"""The chat of an order: what is written, changed and taken back, and how far it was read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased
from typing_extensions import Doc

import models
from core import may
from core.arguments import After, MessageId, MessageText, NewId, OrderId, OrderServiceId
from core.context import Info
from core.errors import Conflict, Invalid
from core.statements import Sees
from core.work import Work
from models import Kind, Message, Order, OrderService, ReadMarker, new_id
from resolvers import mentions

Thread = Annotated[OrderServiceId, Doc("The service to talk about; the order, if not given.")]
Opened = Annotated[OrderId, Doc("The order whose feed was read.")]
UpTo = Annotated[After, Doc("The place in the log that was read last.")]


def text(message: models.Message) -> str | None:
    """What it says; null once it is deleted."""
    return None if message.deleted_at else message.text


async def last_messages(orders: Sequence[models.Order], info: Info) -> list[models.Message | None]:
    """The newest message about it or its services, also if deleted; null for customers."""
    keys = [order.id for order in orders]
    found = {row.order_id: row for row in await info.read(_newest, keys=keys)}
    return [found.get(order.id) for order in orders]


def _newest(sees: Sees) -> Select[Any]:
    """The newest message of each order of the `keys`."""
    keys = bindparam("keys", type_=ARRAY(Order.id.type))
    wanted = func.unnest(keys).table_valued("id").render_derived("wanted")
    newest = (
        sees.select(Message, reads=["order_id"])
        .where(Message.order_id == wanted.c.id)
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(1)
        .correlate(wanted)
        .lateral("newest")
    )
    message = sees.rows(aliased(Message, newest), reads=["order_id"])
    return message.select_from(wanted).join(newest, true())


async def post_message(
    work: Work,
    order_id: Annotated[OrderId, Doc("The order to talk about.")],
    text: MessageText,
    order_service_id: Thread | None = None,
    id: Annotated[UUID, NewId(Message)] | None = None,
) -> models.Message:
    """Write a message about an order or one of its services. Staff, admins, and who is assigned."""
    order = await work.get(Order, order_id, may.chat, "orderId")
    if order_service_id:
        service = await work.find(OrderService, order_service_id, "orderServiceId")
        if service.order_id != order.id:
            raise Invalid("orderServiceId", "This is not a service of that order.")
    people = await mentions.people_in(work, text, order.id)
    message = Message(
        organization_id=order.organization_id,
        id=id or new_id(),
        order_id=order.id,
        order_service_id=order_service_id,
        author_id=work.viewer.id,
        text=text,
    )
    await work.add(message)
    # The log never has a text: nothing is ever taken out of it, and what is deleted must be gone.
    work.record(Kind.MESSAGE_POSTED, message)
    await mentions.add(work, message, people)
    who = order.organization_id, order.id, work.viewer.id
    work.afterwards.append(lambda hub: hub.posted(*who))
    return message


async def edit_message(work: Work, id: MessageId, text: MessageText) -> models.Message:
    """Change what a message says; only its author can, and `CONFLICT` if it is deleted.

    Those who are mentioned newly are told; whoever was mentioned before is not told again.
    """
    message = await work.get(Message, id, may.edit)
    if message.deleted_at:
        raise Conflict("This message is deleted.", field="id")
    if message.text != text:
        people = await mentions.people_in(work, text, message.order_id)
        message.text, message.edited_at = text, datetime.now(UTC)
        work.changed(message, Kind.MESSAGE_EDITED, {"text": [None, None]})
        await mentions.replace(work, message, people)
    return message


async def delete_message(work: Work, id: MessageId) -> models.Message:
    """Take back what a message says, for good; the message stays. Its author, and admins."""
    message = await work.get(Message, id, may.delete)
    if message.deleted_at is None:
        now = datetime.now(UTC)
        message.text, message.deleted_at = "", now
        gone: dict[str, list[Any]] = {"text": [None, None], "deleted_at": [None, now.isoformat()]}
        work.changed(message, Kind.MESSAGE_DELETED, gone)
        await mentions.replace(work, message, {})
    return message


async def mark_read(work: Work, order_id: Opened, up_to: UpTo) -> models.Order:
    """Say how far the viewer has read an order's feed; reading never goes backwards."""
    order = await work.get(Order, order_id, may.chat, "orderId")
    head = await work.head()
    if not up_to.of(work.viewer.organization_id) or up_to.seq > head.seq:
        raise Invalid("upTo", "This is not a place in the log of this agency.")
    mine = work.select(ReadMarker).where(
        ReadMarker.order_id == order.id, ReadMarker.person_id == work.viewer.id
    )
    marker = next(iter(await work.rows(mine)), None)
    before = marker.seq if marker else 0
    if up_to.seq <= before:
        return order
    if marker:
        marker.seq = up_to.seq
    else:
        await work.add(
            ReadMarker(
                organization_id=order.organization_id,
                order_id=order.id,
                person_id=work.viewer.id,
                seq=up_to.seq,
            )
        )
    read = [before, up_to.seq]
    work.record(Kind.ORDER_READ, order, recipient_id=work.viewer.id, read=read)
    return order
