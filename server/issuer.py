"""Tokens of another issuer: OpenID Connect, with keys that are fetched, kept, and asked for anew.

https://openid.net/specs/openid-connect-discovery-1_0.html
"""

import asyncio
import binascii
import logging
import time
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core.errors import Unauthenticated, Unavailable

_ALGORITHMS = ["RS256", "PS256", "ES256"]  # never one with a shared secret
_LEEWAY_S = 30
_KEPT_S = 3600
_AGAIN_S = 30
_PATIENCE_S = 5
_LONGEST = 256 * 1024
log = logging.getLogger("callsheet")

_DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Identity:
    """Whom another issuer knows, and until when it says so (Unix time)."""

    issuer: str
    subject: str
    email: str | None
    """The address, if the issuer has verified it."""
    expires_at: float


class Issuer:
    """Who signs tokens that are good here, too."""

    def __init__(self, url: str, audience: str) -> None:
        self._url = url.rstrip("/")
        self._claims = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": url},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )
        self._name = url
        self._keys: dict[str, Any] = {}
        self._fetched_at = self._tried_at = -float(_KEPT_S)
        self._one_at_a_time = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None

    def has_made(self, token: str) -> bool:
        """Whether a token says that it is of this issuer; it need not be true."""
        return _part(token, 1).get("iss") == self._name

    async def read(self, token: str) -> Identity:
        """Whose a token is.

        `Unauthenticated` if it is not of this issuer, not for us, or not good now; `Unavailable`
        if the issuer's keys can't be had.
        """
        key = await self._key(_part(token, 0).get("kid"))
        try:
            claims = jwt.decode(token, key, algorithms=_ALGORITHMS).claims
            self._claims.validate(claims)
            subject, email, verified = (
                claims["sub"],
                claims.get("email"),
                claims.get("email_verified"),
            )
            is_known = isinstance(email, str) and verified is True
            return Identity(
                self._name, str(subject), email if is_known else None, float(claims["exp"])
            )
        except (JoseError, ValueError, TypeError) as error:
            raise Unauthenticated("This token can't be used, or has expired.") from error

    async def _key(self, kid: object) -> Any:
        """The key with an id. One that is not known may be new: keys are asked for again then."""
        if not isinstance(kid, str):
            raise Unauthenticated("This token does not say with which key it is signed.")
        if kid not in self._keys:
            async with self._one_at_a_time:
                if kid not in self._keys and self._may_ask():
                    await self._fetch()
        elif time.monotonic() - self._fetched_at >= _KEPT_S and self._may_ask():
            self._renewing = asyncio.create_task(self._fetch())
        if key := self._keys.get(kid):
            return key
        if not self._keys:
            raise Unavailable("The issuer of this token can't be asked for its keys right now.")
        raise Unauthenticated("This token is signed with a key that is not known.")

    def _may_ask(self) -> bool:
        """Whether the keys were not asked for just now: a client can make up what is not known."""
        now = time.monotonic()
        if now - self._tried_at < _AGAIN_S:
            return False
        self._tried_at = now
        return True

    async def _fetch(self) -> None:
        """Ask for the keys; if that fails, those that are known stay so."""
        try:
            async with asyncio.timeout(_PATIENCE_S), httpx2.AsyncClient() as client:
                found = KeySet.import_key_set(await _json(client, await self._place(client)))
            self._keys = {str(key.kid): key for key in found.keys}
            self._fetched_at = time.monotonic()
        except (httpx2.HTTPError, JoseError, OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the keys of %s can't be had: %r", self._name, error)

    async def _place(self, client: httpx2.AsyncClient) -> str:
        """Where the keys are."""
        told = await _json(client, f"{self._url}{_DISCOVERY}")
        place = str(told["jwks_uri"])
        if told["issuer"] != self._name or place.partition(":")[0] != self._url.partition(":")[0]:
            raise ValueError("the issuer tells of another issuer, or of another scheme")
        return place


async def _json(client: httpx2.AsyncClient, url: str) -> Any:
    """What an address answers, unless it is very long."""
    body = bytearray()
    async with client.stream("GET", url) as response:
        response.raise_for_status()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _LONGEST:
                raise ValueError("the answer is too long")
    return orjson.loads(body)


def _part(token: str, number: int) -> dict[str, Any]:
    """A part of a JSON Web Token, as it is; nothing if it is none."""
    try:
        part = token.split(".")[number]
        read = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return read if isinstance(read, dict) else {}
