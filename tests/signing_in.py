"""How people come in: what tests of it ask, and what they begin with."""

from typing import Any

from factories import TOKENS, Agency, Answer
from sqlalchemy import update
from storage import session_of

from core import passwords
from core.errors import Unauthenticated
from models import Credential, Person, new_id
from server.callers import Callers

PASSWORD = "correct horse battery"  # noqa: S105 - it opens nothing
WRONG = {"code": "BAD_USER_INPUT", "field": "password"}


async def give_password(agency: Agency, person: Person, password: str = PASSWORD) -> dict[str, str]:
    """What a person signs in with."""
    email = f"{person.id.hex}@example.com"
    credential = Credential(
        organization_id=person.organization_id,
        id=new_id(),
        person_id=person.id,
        password_hash=await passwords.hashed(password),
    )
    async with session_of(agency.database) as session:
        session.add(credential)
        await session.execute(update(Person).where(Person.id == person.id).values(email=email))
    return {"email": email, "password": password}


async def refresh(agency: Agency, token: str) -> Any:
    """The tokens for a refresh token."""
    answer = await agency.visit("refreshTokens", refreshToken=token)
    return answer["refreshTokens"]["tokens"]


async def sign_in(agency: Agency, given: dict[str, str]) -> Any:
    """The tokens for an address and a password."""
    return (await agency.visit("signIn", **given))["signIn"]["tokens"]


async def is_good(agency: Agency, tokens: Any) -> bool:
    """Whether an access token opens the API; asked without what is known already."""
    try:
        await Callers(TOKENS, agency.database).of(tokens["accessToken"])
    except Unauthenticated:
        return False
    return True


async def invite(agency: Agency, **more: Any) -> Any:
    """The answer to an invitation of somebody new."""
    given = {"name": "Nora New", "email": f"{new_id().hex}@example.com", "permission": "STAFF"}
    selection = "secret person { id email suspendedAt }"
    return await agency.do(agency.admin, "invitePerson", selection, **given, **more)


async def accept(agency: Agency, secret: str, password: str = PASSWORD) -> Answer:
    """What the API answers to who accepts an invitation."""
    return await agency.visit("acceptInvitation", token=secret, password=password)


Given = dict[str, str]
Visiting = tuple[Given, tuple[str, Given]]


async def _sign_in(agency: Agency) -> Visiting:
    given = await give_password(agency, agency.staff)
    return given, ("signIn", given)


async def _change(agency: Agency) -> Visiting:
    given, fresh = await give_password(agency, agency.staff), "another horse battery"
    return {**given, "newPassword": fresh}, ("signIn", {**given, "password": fresh})


async def _accept(agency: Agency) -> Visiting:
    invited = (await invite(agency))["invitePerson"]
    known = {"email": invited["person"]["email"], "password": PASSWORD}
    return {"token": invited["secret"], "password": PASSWORD}, ("signIn", known)


async def _refresh(agency: Agency) -> Visiting:
    tokens = await sign_in(agency, await give_password(agency, agency.staff))
    given = {"refreshToken": tokens["refreshToken"]}
    return given, ("refreshTokens", given)


async def _sign_out(agency: Agency) -> Visiting:
    given, _ = await _refresh(agency)
    return given, ("signOut", given)


VISITS = {
    "signIn": _sign_in,
    "refreshTokens": _refresh,
    "signOut": _sign_out,
    "acceptInvitation": _accept,
    "changePassword": _change,
}
"""What visitors send, and what gets them on if they have heard nothing of it."""
