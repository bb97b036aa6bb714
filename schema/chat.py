"""The chat of an order, as clients see it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from core.cursors import Cursor
from core.viewer import Scope
from engine.fields import batch, each, one
from models import JobRole
from resolvers import chat, mentions, reading
from schema.base import Connection, Node, mutation, query, shape, shape_of
from schema.people import Person
from schema.scopes import readable, requires

if TYPE_CHECKING:
    from schema.order_services import OrderService
    from schema.orders import Order


@shape
@readable(Scope.CHAT_READ)
class Message(Node):
    """A message in an order's chat. A deleted one stays, without its text."""

    version: int
    """Grows by one with each edit."""
    text: Annotated[str | None, each(chat.text, reads=["text", "deleted_at"])]
    author: Annotated[Person, one(models.Person, by="author_id")]
    """Who wrote it."""
    order: Annotated["Order", strawberry.lazy("schema.orders"), one(models.Order, by="order_id")]
    """The order it is about."""
    order_service: Annotated[
        Annotated["OrderService", strawberry.lazy("schema.order_services")] | None,
        one(models.OrderService, by="order_service_id"),
    ]
    """The service of the order it is about; null if it is about the order as a whole."""
    created_at: datetime
    """When it was posted."""
    edited_at: datetime | None
    """When its author last changed it."""
    deleted_at: datetime | None
    """When it was deleted."""
    mentions: Annotated[list["Mention"], batch(mentions.of_messages)]


@shape
@readable(Scope.CHAT_READ)
class Mention(Node):
    """That a message mentions a person."""

    person: Annotated[Person, one(models.Person, by="person_id")]
    """Who is mentioned."""
    job_role: JobRole | None
    """The job role that the message names; null if it names the person."""
    message: Annotated[Message, one(models.Message, by="message_id")]
    """The message that does."""
    created_at: datetime
    """Since when."""


@shape_of(reading.ReadState)
class ReadState:
    """How far the viewer has read an order's feed, and what is unread since."""

    up_to: Cursor | None
    """The place that `markRead` was given last; null before the first time."""
    unread_messages: int
    """How many messages of others came since and are not deleted, those of its services too."""
    unread_mentions: int
    """How many messages among them, or edits of messages since, mention the viewer."""


queries = requires(Scope.CHAT_READ, query(mentions.mentions_of_viewer, Connection[Mention]))

mutations = requires(
    Scope.CHAT_WRITE,
    mutation(chat.post_message, Message),
    mutation(chat.edit_message, Message),
    mutation(chat.delete_message, Message),
)
