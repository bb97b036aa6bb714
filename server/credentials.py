"""Whose a token is: one that we signed, the key of an integration, or one of another issuer."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import models
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
WHERE (key.secret_hash = $1 OR key.previous_hash = $1 AND key.previous_until > now())
    AND key.revoked_at IS NULL AND key.expires_at > now() AND person.suspended_at IS NULL
"""
_USED = """
UPDATE api_keys SET last_used_at = now() WHERE organization_id = $1 AND id = $2
    AND (last_used_at IS NULL OR last_used_at < now() - interval '1 hour')
"""
_USED_WITHIN = timedelta(hours=1)
_LINKED = """
SELECT person.id, person.organization_id, person.permission, person.suspended_at
FROM identities identity
JOIN people person
    ON person.organization_id = identity.organization_id AND person.id = identity.person_id
WHERE identity.issuer = $1 AND identity.subject = $2
"""
_BY_ADDRESS = """
SELECT id, organization_id, permission, suspended_at FROM people
WHERE lower(email) = lower($1) LIMIT 2
"""
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
            _STANDING, grant.organization_id, grant.person_id, grant.session_id
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
        found = await self._database.fetch(_KEY, digest(token))
        if not found:
            raise Unauthenticated("This key is good no more.")
        (key,) = found
        if not key["last_used_at"] or datetime.now(UTC) - key["last_used_at"] > _USED_WITHIN:
            async with self._database.transaction() as transaction:
                await transaction.fetch(_USED, key["organization_id"], key["id"])
        permission = models.Permission[key["permission"]]
        scopes = frozenset(models.Scope[name] for name in key["scopes"])
        viewer = Viewer(permission, key["person_id"], key["organization_id"], scopes)
        until = key["expires_at"] if key["is_current"] else key["previous_until"]
        expires_at = min(until, key["expires_at"]).timestamp()
        return Caller(
            token, viewer, expires_at, frozenset({key["person_id"], key["id"]}), key["id"]
        )

    async def _by_identity(self, token: str, identity: Identity) -> Caller:
        found = await self._database.fetch(_LINKED, identity.issuer, identity.subject)
        if not found and identity.email:
            found = await self._database.fetch(_BY_ADDRESS, identity.email)
            if len(found) == 1 and not found[0]["suspended_at"]:
                await self._link(identity, found[0]["organization_id"], found[0]["id"])
        if len(found) != 1 or found[0]["suspended_at"]:
            raise Unauthenticated("This token is of nobody here.")
        (person,) = found
        permission = models.Permission[person["permission"]]
        viewer = Viewer(permission, person["id"], person["organization_id"], frozenset(Scope))
        return Caller(token, viewer, identity.expires_at, frozenset({person["id"]}))

    async def _link(self, identity: Identity, organization_id: UUID, person_id: UUID) -> None:
        """Note whose an identity is: from now on the address may be another."""
        told = identity.issuer, identity.subject
        async with self._database.transaction() as transaction:
            await transaction.fetch(_LINK, organization_id, models.new_id(), person_id, *told)
