"""Whose a token is: one that we signed, the key of an integration, or one of another issuer."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
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
_PERSON = """
SELECT permission, suspended_at FROM people WHERE organization_id = $1 AND id = $2
"""
_NOBODY = "This token is of nobody here."
_SEVERAL = "This token is of people in several agencies: say which, by `Callsheet-Organization`."
_LINK = """
INSERT INTO identities (organization_id, id, person_id, issuer, subject)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""


class Login(NamedTuple):
    """What somebody comes with: a token, and the agency that it is meant for, if that is told."""

    token: str
    organization_id: UUID | None = None


@dataclass(frozen=True)
class Caller:
    """Who comes with a login, and until when it is good (Unix time)."""

    login: Login
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

    async def read(self, login: Login) -> Caller:
        """Who comes; `Unauthenticated` if the token is good for nothing, or not at that agency."""
        caller = await self._holder(login)
        if login.organization_id not in (None, caller.viewer.organization_id):
            raise Unauthenticated(_NOBODY)
        return caller

    async def _holder(self, login: Login) -> Caller:
        token = login.token
        if token.startswith(f"{PREFIX}_"):
            return await self._by_key(login)
        if self._issuer and self._issuer.has_made(token):
            return await self._by_identity(login, await self._issuer.read(token))
        return await self._by_token(login)

    async def _by_token(self, login: Login) -> Caller:
        grant = self._tokens.read(login.token)
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
        return Caller(login, viewer, grant.expires_at, depends_on)

    async def _by_key(self, login: Login) -> Caller:
        hashed = digest(login.token)
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
        documents = None if key["documents"] is None else frozenset(key["documents"])
        viewer = Viewer(
            permission, key["person_id"], key["organization_id"], scopes, documents=documents
        )
        until = key["expires_at"] if key["is_current"] else key["previous_until"]
        expires_at = min(until, key["expires_at"]).timestamp()
        return Caller(
            login, viewer, expires_at, frozenset({key["person_id"], key["id"]}), key["id"]
        )

    async def _by_identity(self, login: Login, identity: Identity) -> Caller:
        agency, person_id, is_linked = await self._found(identity, login.organization_id)
        (person,) = await self._database.fetch(_PERSON, agency, person_id, within=agency)
        if person["suspended_at"]:
            raise Unauthenticated(_NOBODY)
        if not is_linked:
            await self._link(identity, agency, person_id)
        permission = models.Permission[person["permission"]]
        viewer = Viewer(permission, person_id, agency, frozenset(Scope))
        return Caller(login, viewer, identity.expires_at, frozenset({person_id}))

    async def _found(
        self, identity: Identity, organization_id: UUID | None
    ) -> tuple[UUID, UUID, bool]:
        """The agency and the person of an identity, and whether it is linked to them already.

        Where it is linked counts more than where it is not: to become somebody in another agency
        takes nothing away from a client that does not know of it.
        """
        told = identity.issuer, identity.subject, identity.email
        found = [
            tuple(each)
            for each in await doors.of_identity(self._database, *told)
            if organization_id in (None, each["organization_id"])
        ]
        found = [each for each in found if each[-1]] or found
        if len(found) != 1:
            raise Unauthenticated(_SEVERAL if found else _NOBODY)
        return found[0]

    async def _link(self, identity: Identity, organization_id: UUID, person_id: UUID) -> None:
        """Note whose an identity is: from now on the address may be another."""
        told = identity.issuer, identity.subject
        async with self._database.transaction(organization_id) as transaction:
            await transaction.fetch(_LINK, organization_id, models.new_id(), person_id, *told)
