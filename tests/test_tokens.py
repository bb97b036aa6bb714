"""Tokens: what they open, and all that they do not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import Agency, typed
from hypothesis import given
from hypothesis import strategies as some
from joserfc import jws, jwt
from joserfc.jwk import OctKey
from processes import SECRET

from core.errors import Unauthenticated
from core.tokens import Tokens
from core.viewer import READING, Scope
from models import Permission
from server.callers import Callers, bearer

TOKENS = Tokens(SECRET)
HOUR = timedelta(hours=1)


def claims(agency: Agency, **changed: Any) -> dict[str, Any]:
    """What a token of the customer says; a claim that is changed to None is left out."""
    usual = {
        "sub": typed(agency.customer),
        "org": typed(agency.organization),
        "scope": "read write",
        "aud": "callsheet",
        "exp": datetime.now(UTC) + HOUR,
    }
    return {k: v for k, v in (usual | changed).items() if v is not None}


def signed(said: dict[str, Any], key: str = SECRET, algorithm: str = "HS256") -> str:
    """A token that says this."""
    return jwt.encode({"alg": algorithm}, said, OctKey.import_key(key), algorithms=[algorithm])


async def refused(agency: Agency, token: str | None) -> bool:
    """Whether a token opens nothing."""
    with pytest.raises(Unauthenticated) as caught:
        await Callers(TOKENS, agency.database).of(token)
    assert caught.value.extensions == {"code": "UNAUTHENTICATED"}
    return True


async def test_a_token_opens_the_api_for_its_person(agency: Agency) -> None:
    token = TOKENS.issue(agency.manager, READING, HOUR)
    caller = await Callers(TOKENS, agency.database).of(token)
    viewer = caller.viewer
    assert viewer.id == agency.manager.id
    assert viewer.organization_id == agency.organization.id
    assert viewer.permission is Permission.STAFF
    assert viewer.scopes == READING
    expires = datetime.fromtimestamp(caller.expires_at, UTC)
    assert timedelta() <= datetime.now(UTC) + HOUR - expires < timedelta(minutes=1)


async def test_no_token_opens_nothing(agency: Agency) -> None:
    assert await refused(agency, None)


async def test_an_expired_token_opens_nothing(agency: Agency) -> None:
    assert await refused(
        agency, TOKENS.issue(agency.admin, frozenset(Scope), -timedelta(seconds=1))
    )


async def test_a_token_signed_by_others_opens_nothing(agency: Agency) -> None:
    assert await refused(agency, signed(claims(agency), "another key, which is also long enough"))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
async def test_a_token_signed_another_way_opens_nothing(agency: Agency, algorithm: str) -> None:
    assert await refused(agency, signed(claims(agency), algorithm=algorithm))


async def test_an_unsigned_token_opens_nothing(agency: Agency) -> None:
    body = signed(claims(agency)).split(".")[1]
    header = jws.serialize_compact({"alg": "HS256"}, b"", OctKey.import_key(SECRET)).split(".")[0]
    none = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    for token in (f"{none}.{body}.", f"{none}.{body}", f"{header}.{body}.", f"{header}.{body}"):
        assert await refused(agency, token)


@pytest.mark.parametrize("claim", ["sub", "org", "aud", "exp"])
async def test_a_token_that_leaves_something_out_opens_nothing(agency: Agency, claim: str) -> None:
    assert await refused(agency, signed(claims(agency, **{claim: None})))


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another"},
        {"iss": "another"},
        {"nbf": datetime.now(UTC) + HOUR},
        {"sid": "ses_junk"},
        {"exp": "tomorrow"},
        {"sub": "per_junk"},
        {"org": "junk"},
        {"scope": "read everything"},
    ],
)
async def test_a_token_that_says_what_we_never_say_opens_nothing(
    agency: Agency, wrong: dict[str, Any]
) -> None:
    assert await refused(agency, signed(claims(agency, **wrong)))


async def test_a_token_for_a_person_of_another_agency_opens_nothing(agency: Agency) -> None:
    other = await Agency.make(agency.database, agency.hub)
    assert await refused(agency, signed(claims(agency, org=typed(other.organization))))
    assert await refused(agency, signed(claims(agency, sub=typed(agency.organization))))


@given(some.text() | some.from_regex(r"[\w-]*(\.[\w-]*){1,5}"))
def test_no_other_text_is_a_token(text: str) -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.read(text)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 characters"):
        Tokens("short")


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", None),
        ("Bearer ", None),
        ("Bearer", None),
        ("", None),
        (None, None),
        (["Bearer abc"], None),
    ],
)
def test_the_token_stands_after_the_word_bearer(header: object, token: str | None) -> None:
    assert bearer(header) == token
