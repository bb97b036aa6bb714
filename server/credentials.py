"""Whose a token is: one that we signed, the key of an integration, or one of another issuer."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import models
from core import doors
from core.database import Database
from core.errors import Unauthenticated
from core.secrets import digest
from core.tokens import Tokens
from core.viewer import Scope, Viewer
from resolvers.api_keys import PREFIX
from server.issuer import Identity, Issuer

_STANDING = """
SELECT person.permission, person.suspended_at IS NULL
    AND ($3::uuid IS NULL OR session.id IS NOT NULL) AS welcome
FROM people person
LEFT JOIN sessions session ON session.organization_id = $1 AND session.id = $3
    AND session.person_id = $2 AND session.ended_at IS NULL
WHERE person.organization_id = $1 AND person.id = $2
"""
_KEY = """
SELECT key.*, person.permission, key.secret_hash = $1 AS is_current
FROM api_keys key
JOIN people person ON person.organization_id = key.organization_id AND person.id = key.person_id
WHERE key.organization_id = $2
    AND (key.secret_hash = $1 OR key.previous_hash = $1 AND key.previous_until > now())
    AND key.revoked_at IS NULL AND key.expires_at > now() AND person.suspended_at IS NULL
"""
_USED = """
UPDATE api_keys SET last_used_at = now() WHERE organization_id = $1 AND id = $2
    AND (last_used_at IS NULL OR last_used_at < now() - interval '1 hour')
"""
_USED_WITHIN = timedelta(hours=1)
_LINKED = """
SELECT person_id FROM identities WHERE organization_id = $1 AND issuer = $2 AND subject = $3
"""
_PERSON = """
SELECT permission, suspended_at FROM people WHERE organization_id = $1 AND id = $2
"""
_NOBODY = "This token is of nobody here."
_LINK = """
INSERT INTO identities (organization_id, id, person_id, issuer, subject)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (issuer, subject) DO NOTHING
"""


@dataclass(frozen=True)
class Caller:
    """Who holds a token, and until when it is good (Unix time)."""

    token: str
    viewer: Viewer
    expires_at: float
    depends_on: frozenset[UUID]
    """The person, and the session or the key: if one of them changes, so may this."""
    key_id: UUID | None = None
    """The key, if the token is one."""


class Credentials:
    """Reads tokens of all kinds."""

    def __init__(self, tokens: Tokens, database: Database, issuer: Issuer | None) -> None:
        self._tokens = tokens
        self._database = database
        self._issuer = issuer

    async def read(self, token: str) -> Caller:
        """Who holds a token; `Unauthenticated` if it is good for nothing."""
        if token.startswith(f"{PREFIX}_"):
            return await self._by_key(token)
        if self._issuer and self._issuer.has_made(token):
            return await self._by_identity(token, await self._issuer.read(token))
        return await self._by_token(token)

    async def _by_token(self, token: str) -> Caller:
        grant = self._tokens.read(token)
        found = await self._database.fetch(
            _STANDING,
            grant.organization_id,
            grant.person_id,
            grant.session_id,
            within=grant.organization_id,
        )
        if not found or not found[0]["welcome"]:
            raise Unauthenticated("This token is good no more.")
        permission = models.Permission[found[0]["permission"]]
        viewer = Viewer(
            permission, grant.person_id, grant.organization_id, grant.scopes, grant.session_id
        )
        depends_on = frozenset(each for each in (grant.person_id, grant.session_id) if each)
        return Caller(token, viewer, grant.expires_at, depends_on)

    async def _by_key(self, token: str) -> Caller:
        hashed = digest(token)
        agency = await doors.of_api_key(self._database, hashed)
        found = await self._database.fetch(_KEY, hashed, agency, within=agency)
        if not found:
            raise Unauthenticated("This key is good no more.")
        (key,) = found
        if not key["last_used_at"] or datetime.now(UTC) - key["last_used_at"] > _USED_WITHIN:
            async with self._database.transaction(agency) as transaction:
                await transaction.fetch(_USED, agency, key["id"])
        permission = models.Permission[key["permission"]]
        scopes = frozenset(models.Scope[name] for name in key["scopes"])
        viewer = Viewer(permission, key["person_id"], key["organization_id"], scopes)
        until = key["expires_at"] if key["is_current"] else key["previous_until"]
        expires_at = min(until, key["expires_at"]).timestamp()
        return Caller(
            token, viewer, expires_at, frozenset({key["person_id"], key["id"]}), key["id"]
        )

    async def _by_identity(self, token: str, identity: Identity) -> Caller:
        linked = await self._linked(identity)
        agency, person_id = linked or await self._by_address(identity)
        (person,) = await self._database.fetch(_PERSON, agency, person_id, within=agency)
        if person["suspended_at"]:
            raise Unauthenticated(_NOBODY)
        if not linked:
            await self._link(identity, agency, person_id)
        permission = models.Permission[person["permission"]]
        viewer = Viewer(permission, person_id, agency, frozenset(Scope))
        return Caller(token, viewer, identity.expires_at, frozenset({person_id}))

    async def _linked(self, identity: Identity) -> tuple[UUID, UUID] | None:
        """The agency and the person that an identity was linked to."""
        given = identity.issuer, identity.subject
        if (agency := await doors.of_identity(self._database, *given)) is None:
            return None
        ((person_id,),) = await self._database.fetch(_LINKED, agency, *given, within=agency)
        return agency, person_id

    async def _by_address(self, identity: Identity) -> tuple[UUID, UUID]:
        """The agency and the one person with its address."""
        address = identity.email
        found = await doors.of_address(self._database, address) if address else ()
        if len(found) != 1:
            raise Unauthenticated(_NOBODY)
        return found[0]["organization_id"], found[0]["person_id"]

    async def _link(self, identity: Identity, organization_id: UUID, person_id: UUID) -> None:
        """Note whose an identity is: from now on the address may be another."""
        told = identity.issuer, identity.subject
        async with self._database.transaction(organization_id) as transaction:
            await transaction.fetch(_LINK, organization_id, models.new_id(), person_id, *told)
