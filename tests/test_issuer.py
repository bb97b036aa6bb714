"""Tokens of another issuer: whose they are, and all that is no token of it."""

import asyncio
import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from calling import NAME, send
from factories import TOKENS, Agency
from issuing import AUDIENCE, Provider, own_address, verified
from joserfc.jwk import RSAKey
from processes import serve
from pydantic import ValidationError
from sqlalchemy import update
from storage import session_of

from core.database import Database
from core.errors import Unauthenticated, Unavailable
from core.viewer import Scope
from models import Permission, Person
from server import issuer as issuing
from server.callers import Caller, Callers
from server.embedded import Postgres, Valkey
from server.issuer import Issuer
from server.settings import Settings


async def refused(callers: Callers, token: str) -> bool:
    """Whether a token opens nothing."""
    with pytest.raises(Unauthenticated):
        await callers.of(token)
    return True


def part(said: dict[str, Any]) -> str:
    """A part of a token."""
    return urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


async def caller(agency: Agency, other_issuer: Provider, token: str) -> Caller:
    """Who calls; found out by a process that knows nothing yet."""
    return await Callers(TOKENS, agency.database, Issuer(other_issuer.url, AUDIENCE)).of(token)


async def test_a_person_is_known_by_the_verified_address(
    agency: Agency, other_issuer: Provider, callers: Callers
) -> None:
    said = await verified(agency, agency.staff)
    expires = int(time.time()) + 300
    found = await callers.of(other_issuer.token(**said, exp=expires))
    assert (found.viewer.id, found.viewer.permission) == (agency.staff.id, Permission.STAFF)
    assert (found.viewer.scopes, found.expires_at) == (frozenset(Scope), expires)


async def test_then_by_the_subject_whatever_the_address(
    agency: Agency, other_issuer: Provider, callers: Callers
) -> None:
    said = await verified(agency, agency.staff)
    await callers.of(other_issuer.token(**said))
    await own_address(agency, agency.staff)
    other = await own_address(agency, agency.admin)
    nobody: dict[str, Any] = {}
    for more in (nobody, {"email": other, "email_verified": True}):
        token = other_issuer.token(sub=said["sub"], **more)
        assert (await caller(agency, other_issuer, token)).viewer.id == agency.staff.id


@pytest.mark.parametrize("is_verified", [False, None, "true", 1])
async def test_an_address_that_is_not_verified_is_nobodys(
    agency: Agency, other_issuer: Provider, callers: Callers, is_verified: Any
) -> None:
    said = await verified(agency, agency.admin)
    assert await refused(callers, other_issuer.token(**(said | {"email_verified": is_verified})))


async def test_an_address_of_nobody_is_nobodys(
    agency: Agency, other_issuer: Provider, callers: Callers
) -> None:
    said = await verified(agency, agency.admin)
    assert await refused(callers, other_issuer.token(**said | {"email": "nobody@example.com"}))


async def test_who_is_suspended_stays_out(
    agency: Agency, other_issuer: Provider, callers: Callers
) -> None:
    new, known = await verified(agency, agency.staff), await verified(agency, agency.manager)
    await callers.of(other_issuer.token(**known))
    async with session_of(agency.database) as session:
        both = Person.id.in_([agency.staff.id, agency.manager.id])
        out = update(Person).where(both).values(suspended_at=Person.created_at)
        await session.execute(out)
    await callers.look()
    assert await refused(callers, other_issuer.token(**new))
    assert await refused(callers, other_issuer.token(**known))


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another"},
        {"aud": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": int(time.time()) + 3600},
        {"sub": None},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
    ],
)
async def test_what_it_says_to_others_or_at_other_times_opens_nothing(
    agency: Agency, other_issuer: Provider, callers: Callers, wrong: dict[str, Any]
) -> None:
    said = await verified(agency, agency.admin)
    await callers.of(other_issuer.token(**said))
    assert await refused(callers, other_issuer.token(**(said | wrong)))


async def test_what_it_has_not_signed_opens_nothing(
    agency: Agency, other_issuer: Provider, callers: Callers
) -> None:
    said = await verified(agency, agency.admin)
    good = other_issuer.token(**said)
    (known,) = other_issuer.keys
    header, body, signature = good.split(".")
    forged = RSAKey.generate_key(2048, {"kid": str(known.kid)})
    shared = part({"alg": "HS256", "kid": known.kid})
    mac = hmac.digest(known.as_pem(private=False), f"{shared}.{body}".encode(), "sha256")
    for token in (
        other_issuer.token(forged, **said),
        other_issuer.token(kid=None, **said),
        f"{shared}.{body}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}",
        f"{shared}.{body}.",
        f"{part({'alg': 'none'})}.{body}.",
        f"{part({'alg': 'none', 'kid': known.kid})}.{body}.",
        f"{header}.{body}.",
        f"{header}.{body}.{signature[:-8]}AAAAAAAA",
    ):
        assert await refused(callers, token)


async def test_keys_are_asked_for_once_and_again_when_there_is_a_new_one(
    agency: Agency, other_issuer: Provider, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await verified(agency, agency.staff)
    tokens = [other_issuer.token(**said, jti=str(i)) for i in range(5)]
    await asyncio.gather(*(callers.of(token) for token in tokens))
    assert other_issuer.asked == [issuing._DISCOVERY, "/keys"]  # noqa: SLF001 - where it is
    old = other_issuer.token(**said, jti="old")
    other_issuer.rotate()
    new = other_issuer.token(**said, jti="new")
    assert await refused(callers, new)  # it was asked just now
    monkeypatch.setattr(issuing, "_AGAIN_S", 0)
    for token in (new, old):
        assert (await callers.of(token)).viewer.id == agency.staff.id
    assert len(other_issuer.asked) == 4


async def test_made_up_keys_do_not_make_us_ask_each_time(
    agency: Agency, other_issuer: Provider, callers: Callers
) -> None:
    said = await verified(agency, agency.staff)
    stranger = RSAKey.generate_key(2048, {"kid": "made up"})
    for _ in range(5):
        assert await refused(callers, other_issuer.token(stranger, **said))
    assert len(other_issuer.asked) == 2


async def test_while_it_is_away_what_is_known_is_good(
    agency: Agency, other_issuer: Provider, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await verified(agency, agency.staff)
    other_issuer.is_away = True
    with pytest.raises(Unavailable):
        await callers.of(other_issuer.token(**said))
    other_issuer.is_away = False
    monkeypatch.setattr(issuing, "_AGAIN_S", 0)
    await callers.of(other_issuer.token(**said))
    other_issuer.is_away = True
    monkeypatch.setattr(issuing, "_KEPT_S", 0)
    again = await callers.of(other_issuer.token(**said, jti="another"))
    assert again.viewer.id == agency.staff.id


@pytest.mark.parametrize(
    "says",
    [
        {"issuer": "https://another.example"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"padding": "x" * 300_000},
    ],
)
async def test_an_issuer_that_tells_of_others_is_not_believed(
    agency: Agency, other_issuer: Provider, callers: Callers, says: dict[str, Any]
) -> None:
    other_issuer.says = says
    with pytest.raises(Unavailable):
        await callers.of(other_issuer.token(**await verified(agency, agency.staff)))
    assert "/keys" not in other_issuer.asked


async def test_its_tokens_open_a_process_that_is_told_of_it(
    agency: Agency, other_issuer: Provider, postgres: Postgres, valkey: Valkey, database: Database
) -> None:
    del database  # migrated is all it has to be
    said = await verified(agency, agency.staff)
    told = {"CALLSHEET_OIDC_ISSUER": other_issuer.url, "CALLSHEET_OIDC_AUDIENCE": AUDIENCE}
    async with serve(postgres.url, valkey.url, **told) as server:
        status, answer = await send(server, NAME, other_issuer.token(**said))
        assert (status, answer["data"]["viewer"]["person"]["name"]) == (200, "Sam Staff")
        status, _ = await send(server, NAME, other_issuer.token(**said, aud="another"))
        assert status == 401
        async with server.socket(other_issuer.token(**said)) as socket:
            await socket.subscribe("1", NAME)
            assert await socket.event("1") == {"person": {"name": "Sam Staff"}}


async def test_without_settings_there_is_no_other_issuer(
    agency: Agency, other_issuer: Provider
) -> None:
    said = await verified(agency, agency.staff)
    assert await refused(Callers(TOKENS, agency.database), other_issuer.token(**said))
    assert Settings().issuer is None
    for alone in ({"oidc_issuer": other_issuer.url}, {"oidc_audience": AUDIENCE}):
        with pytest.raises(ValidationError, match="go together"):
            Settings(**alone)  # type: ignore[arg-type] # of two kinds of settings
