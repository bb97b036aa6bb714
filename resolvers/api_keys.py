"""API keys: what integrations use the API with, each as a person of the agency."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from typing_extensions import Doc

import models
from core import may, secrets
from core.arguments import (
    AfterEdge,
    ApiKeyId,
    BeforeEdge,
    DocumentHash,
    First,
    Last,
    Moment,
    Name,
    NewId,
    PersonId,
    Whole,
)
from core.context import Info
from core.errors import Conflict, Invalid
from core.may import Standing
from core.pages import Key, Page, Slice, page
from core.viewer import Scope
from core.work import Work
from models import ApiKey, Kind, Person, new_id

PREFIX = "csk"
_LONGEST = timedelta(days=366)
_AT_MOST = 100
_DOCUMENTS = 100
_HINT = 4
_OVERLAP = 24

Overlap = Annotated[
    int,
    Whole(
        "For how many hours the secret before stays good: 0 to 168; 24, if not given.",
        at_least=0,
        at_most=168,
    ),
]


async def api_keys(
    info: Info,
    first: First | None = None,
    after: AfterEdge | None = None,
    last: Last | None = None,
    before: BeforeEdge | None = None,
) -> Page[models.ApiKey]:
    """The API keys of the agency, oldest first, with those that are good no more. Admins."""
    keys = [Key("ID", "id", ApiKey.id, lambda key: key.id, UUID)]
    return await page(info, info.context.select(ApiKey), keys, Slice(first, after, last, before))


async def create_api_key(
    work: Work,
    name: Name,
    person_id: Annotated[
        PersonId,
        Doc(
            "As whom it acts: it may do no more, and the log names that person. Invite one for it."
        ),
    ],
    scopes: Annotated[list[Scope], Doc("What it is good for: anything but `KEYS_WRITE`.")],
    expires_at: Annotated[datetime, Moment("Until when it is good: a year at most.")],
    documents: Annotated[
        list[DocumentHash],
        Doc(
            "The only documents that it executes, by their SHA-256: at most 100; any, if left out."
        ),
    ]
    | None = None,
    id: Annotated[UUID, NewId(ApiKey)] | None = None,
) -> models.ApiKey:
    """Make a key for an integration, which sends the `secret` as its token. Admins."""
    work.require(Standing(work.viewer), may.manage_keys)
    person = await work.find(Person, person_id, "personId")
    if person.suspended_at:
        raise Invalid("personId", f"{person.name} is suspended.")
    if not scopes or Scope.KEYS_WRITE in scopes:
        raise Invalid("scopes", "Give at least one scope; a key can't be good for making keys.")
    if not timedelta() < expires_at - datetime.now(UTC) <= _LONGEST:
        raise Invalid("expiresAt", "This must be in the future, and within a year.")
    if documents is not None and not 0 < len(documents) <= _DOCUMENTS:
        raise Invalid("documents", f"Give 1 to {_DOCUMENTS} documents, or none at all for any.")
    await _check_number(work)
    secret = secrets.make(PREFIX)
    key = ApiKey(
        organization_id=work.viewer.organization_id,
        id=id or new_id(),
        person_id=person.id,
        name=name,
        scopes=sorted(set(scopes), key=list(Scope).index),
        documents=documents and sorted(set(documents)),
        hint=secret[-_HINT:],
        secret_hash=secrets.digest(secret),
        expires_at=expires_at,
    )
    await work.add(key)
    work.secret = secret
    work.record(Kind.API_KEY_CREATED, key)
    return key


async def rotate_api_key(
    work: Work, id: ApiKeyId, overlap_hours: Overlap = _OVERLAP
) -> models.ApiKey:
    """Give a key another secret; the one before stays good for a while. Admins.

    `CONFLICT` if the key is revoked.
    """
    key = await work.get(ApiKey, id, may.manage_keys)
    if key.revoked_at:
        raise Conflict("This key is revoked.", field="id")
    secret = secrets.make(PREFIX)
    until = datetime.now(UTC) + timedelta(hours=overlap_hours)
    key.previous_hash, key.secret_hash = key.secret_hash, secrets.digest(secret)
    work.change(key, Kind.API_KEY_ROTATED, hint=secret[-_HINT:], previous_until=until)
    work.secret = secret
    return key


async def revoke_api_key(work: Work, id: ApiKeyId) -> models.ApiKey:
    """End a key for good. Admins."""
    key = await work.get(ApiKey, id, may.manage_keys)
    if key.revoked_at is None:
        work.change(key, Kind.API_KEY_REVOKED, revoked_at=datetime.now(UTC))
    return key


async def _check_number(work: Work) -> None:
    good = await work.rows(work.select(ApiKey).where(ApiKey.revoked_at.is_(None)))
    if len(good) >= _AT_MOST:
        raise Invalid("name", f"An agency has {_AT_MOST} keys at most: revoke one.")
