"""API keys, as clients see them."""

from datetime import datetime
from typing import Annotated

import models
from core.viewer import Scope
from engine.fields import one
from resolvers import api_keys
from schema.base import Connection, Node, mutation, query, shape
from schema.people import Person
from schema.scopes import readable, requires


@shape
@readable(Scope.KEYS_READ)
class ApiKey(Node):
    """What an integration uses the API with, as a person of the agency."""

    version: int
    """Grows by one with each edit."""
    name: str
    """What it is for."""
    person: Annotated[Person, one(models.Person, by="person_id")]
    """As whom it acts: it may do no more, and the log names that person."""
    scopes: list[Scope]
    """What it is good for."""
    documents: list[str] | None
    """The only documents that it executes, by their SHA-256; null for any."""
    hint: str
    """The end of the secret, to know it by."""
    created_at: datetime
    """When it was made."""
    expires_at: datetime
    """Until when it is good."""
    previous_until: datetime | None
    """Until when the secret before is good; null if it was never rotated."""
    last_used_at: datetime | None
    """When it was used last, within an hour; null if it never was."""
    revoked_at: datetime | None
    """When it was ended; null if it was not."""


queries = requires(Scope.KEYS_READ, query(api_keys.api_keys, Connection[ApiKey]))

_SECRET = "What the integration sends as its token."  # noqa: S105 - says what it is

mutations = requires(
    Scope.KEYS_WRITE,
    mutation(api_keys.create_api_key, ApiKey, tells=_SECRET),
    mutation(api_keys.rotate_api_key, ApiKey, tells=_SECRET),
    mutation(api_keys.revoke_api_key, ApiKey),
)
