"""Access tokens: JSON Web Tokens signed with the server's key (RFC 7519, HS256)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

import models
from core import ids
from core.errors import ApiError, Unauthenticated
from core.viewer import Scope, in_words, scopes_in

_ALGORITHM = "HS256"
_NAME = "callsheet"
SECRET_LENGTH = 32
_CLAIMS = jwt.JWTClaimsRegistry(
    sub={"essential": True},
    org={"essential": True},
    exp={"essential": True},
    aud={"essential": True, "value": _NAME},
    iss={"value": _NAME},
)


@dataclass(frozen=True)
class Grant:
    """What a token says: whose it is, what it is good for, and until when (Unix time)."""

    organization_id: UUID
    person_id: UUID
    scopes: frozenset[Scope]
    expires_at: float
    session_id: UUID | None = None
    """The session that it ends with, if it is of one."""


class Tokens:
    """Makes tokens, and reads them."""

    def __init__(self, secret: str) -> None:
        if len(secret) < SECRET_LENGTH:
            raise ValueError(f"CALLSHEET_SECRET must have {SECRET_LENGTH} characters or more.")
        self._key = OctKey.import_key(secret)

    def issue(
        self,
        person: models.Person,
        scopes: frozenset[Scope],
        lifetime: timedelta,
        session: models.Session | None = None,
    ) -> str:
        """A token for a person, which ends with a session if one is given."""
        claims = {
            "iss": _NAME,
            "aud": _NAME,
            "sub": ids.encode(models.Person, person.id),
            "org": ids.encode(models.Organization, person.organization_id),
            "scope": in_words(scopes),
            "iat": datetime.now(UTC),
            "exp": datetime.now(UTC) + lifetime,
        }
        if session:
            claims["sid"] = ids.encode(models.Session, session.id)
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key)

    def read(self, token: str) -> Grant:
        """What a token says; `Unauthenticated` if it is forged, expired, or not good yet."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            _CLAIMS.validate(claims)
            session = claims.get("sid")
            return Grant(
                ids.decode_as(models.Organization, claims["org"], "org"),
                ids.decode_as(models.Person, claims["sub"], "sub"),
                scopes_in(claims.get("scope", "")),
                claims["exp"],
                session and ids.decode_as(models.Session, session, "sid"),
            )
        except (JoseError, ApiError, ValueError) as error:
            raise Unauthenticated("This token can't be used, or has expired.") from error
