"""Tokens: JSON Web Tokens signed with the server's key (RFC 7519, HS256)."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

import models
from core import ids
from core.database import Database
from core.errors import ApiError, Unauthenticated
from core.viewer import Scope, Viewer

_ALGORITHM = "HS256"
_AUDIENCE = "callsheet"
_SECRET_LENGTH = 32
_TOKENS_KEPT = 10_000
_PERMISSION = "SELECT permission FROM people WHERE organization_id = $1 AND id = $2"
_CLAIMS = jwt.JWTClaimsRegistry(
    sub={"essential": True},
    org={"essential": True},
    exp={"essential": True},
    aud={"essential": True, "value": _AUDIENCE},
)


@dataclass(frozen=True)
class Grant:
    """What a token says: whose it is, what it is good for, and until when (Unix time)."""

    organization_id: UUID
    person_id: UUID
    scopes: frozenset[Scope]
    expires_at: float


class Tokens:
    """Makes tokens, and finds out who holds one."""

    def __init__(self, secret: str) -> None:
        if len(secret) < _SECRET_LENGTH:
            raise ValueError(f"CALLSHEET_SECRET must have {_SECRET_LENGTH} characters or more.")
        self._key = OctKey.import_key(secret)
        self._known: dict[str, Grant] = {}  # a signature is verified once

    def issue(self, person: models.Person, scopes: frozenset[Scope], lifetime: timedelta) -> str:
        """A token for a person."""
        claims = {
            "sub": ids.encode(models.Person, person.id),
            "org": ids.encode(models.Organization, person.organization_id),
            "scope": " ".join(sorted(scope.value for scope in scopes)),
            "aud": _AUDIENCE,
            "iat": datetime.now(UTC),
            "exp": datetime.now(UTC) + lifetime,
        }
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key)

    async def viewer(self, token: str | None, database: Database) -> Viewer:
        """Who holds a token; `Unauthenticated` if it is missing, forged, expired, or of nobody."""
        grant = self.read(token)
        found = await database.fetch(_PERMISSION, grant.organization_id, grant.person_id)
        if not found:
            raise Unauthenticated("This token is of nobody.")
        permission = models.Permission[found[0]["permission"]]
        return Viewer(permission, grant.person_id, grant.organization_id, grant.scopes)

    def read(self, token: str | None) -> Grant:
        """What a token says; `Unauthenticated` if it is missing, forged, or expired."""
        if token is None:
            raise Unauthenticated("A token is needed: `Authorization: Bearer …`.")
        grant = self._known.get(token)
        if grant is None or grant.expires_at <= time.time():
            grant = self._verified(token)
            if len(self._known) >= _TOKENS_KEPT:
                self._known.clear()
            self._known[token] = grant
        return grant

    def _verified(self, token: str) -> Grant:
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            _CLAIMS.validate(claims)
            return Grant(
                ids.decode_as(models.Organization, claims["org"], "org"),
                ids.decode_as(models.Person, claims["sub"], "sub"),
                frozenset(Scope(scope) for scope in claims.get("scope", "").split()),
                claims["exp"],
            )
        except (JoseError, ApiError, ValueError) as error:
            raise Unauthenticated("This token can't be used, or has expired.") from error


def bearer(value: object) -> str | None:
    """The token in the value of an `Authorization` header; None if there is none."""
    if not isinstance(value, str):
        return None
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
