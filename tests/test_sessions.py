"""Signing in, staying signed in over bad networks, and signing out."""

import asyncio
from datetime import timedelta

import pytest
from factories import TOKENS, Agency, typed
from signing_in import WRONG, give_password, is_good, refresh, sign_in
from sqlalchemy import update
from storage import session_of

import schema
from core import passwords, sessions
from core.context import Context
from models import Person, Session
from server.callers import Callers


async def past(agency: Agency, by: timedelta) -> None:
    """Make the agency's sessions as old as if they had been refreshed that long ago."""
    ours = Session.organization_id == agency.organization.id
    async with session_of(agency.database) as session:
        then = Session.refreshed_at - by
        await session.execute(update(Session).where(ours).values(refreshed_at=then))


async def test_who_signs_in_can_ask_and_act(agency: Agency, given: dict[str, str]) -> None:
    tokens = await sign_in(agency, given)
    caller = await Callers(TOKENS, agency.database).of(tokens["accessToken"])
    assert caller.viewer.id == agency.staff.id
    assert caller.viewer.organization_id == agency.organization.id
    context = Context(caller.viewer, agency.database, agency.hub)
    result = await schema.build().execute("{ viewer { session { client } } }", {}, context)
    assert result.data == {"viewer": {"session": {"client": "a test"}}}


async def test_upper_and_lower_case_of_an_address_are_alike(
    agency: Agency, given: dict[str, str]
) -> None:
    assert await sign_in(agency, {**given, "email": f" {given['email'].upper()}"})


@pytest.mark.parametrize("name", ["signIn", "changePassword"])
async def test_whatever_is_wrong_the_answer_is_the_same(
    agency: Agency, given: dict[str, str], name: str
) -> None:
    suspended, new = agency.manager, {"newPassword": "x" * 10}
    other, alone = await Agency.make(agency.database, agency.hub), agency.admin
    wrong = [
        {**given, "password": "wrong horse battery"},
        {**given, "email": "nobody@example.com"},
        {**given, "organizationId": typed(other.organization)},
        {**given, "email": alone.email},  # who has no password
        await give_password(agency, suspended),
    ]
    await agency.do(agency.admin, "suspendPerson", id=typed(suspended))
    answers = [
        await agency.visit(name, **each, **(new if name == "changePassword" else {}))
        for each in wrong
    ]
    assert [answer.error for answer in answers] == [WRONG] * len(wrong)
    assert len({answer.errors[0]["message"] for answer in answers}) == 1


async def test_who_is_unknown_takes_a_hash_as_well(
    agency: Agency, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    verified, verify = [], passwords._verify  # noqa: SLF001 - what takes the time

    def noted(password: str, known: str | None) -> bool:
        verified.append(known)
        return verify(password, known)

    monkeypatch.setattr(passwords, "_verify", noted)
    await agency.visit("signIn", **{**given, "email": "nobody@example.com"})
    await agency.visit("signIn", **{**given, "password": "wrong horse battery"})
    assert [known is None for known in verified] == [True, False]


async def test_who_works_for_several_agencies_says_which(
    agency: Agency, given: dict[str, str]
) -> None:
    other = await Agency.make(agency.database, agency.hub)
    await give_password(agency, other.staff)
    async with session_of(agency.database) as session:
        same = update(Person).where(Person.id == other.staff.id)
        await session.execute(same.values(email=given["email"]))
    assert (await agency.visit("signIn", **given)).error == WRONG
    for each in (agency, other):
        tokens = await sign_in(agency, {**given, "organizationId": typed(each.organization)})
        grant = TOKENS.read(tokens["accessToken"])
        assert grant.organization_id == each.organization.id


async def test_tokens_are_refreshed_again_and_again(agency: Agency, given: dict[str, str]) -> None:
    tokens = await sign_in(agency, given)
    seen = {tokens["refreshToken"]}
    for _ in range(3):
        tokens = await refresh(agency, tokens["refreshToken"])
        assert tokens["refreshToken"] not in seen
        seen.add(tokens["refreshToken"])
        assert await is_good(agency, tokens)


async def test_a_refresh_whose_answer_was_lost_can_be_sent_again(
    agency: Agency, given: dict[str, str]
) -> None:
    first = (await sign_in(agency, given))["refreshToken"]
    lost = await refresh(agency, first)
    again = await refresh(agency, first)
    assert again["refreshToken"] == lost["refreshToken"]
    await past(agency, sessions.SAME_ANSWER_FOR)
    later = await refresh(agency, first)  # hours later, out of the tunnel
    assert later["refreshToken"] != lost["refreshToken"]
    assert await is_good(agency, await refresh(agency, later["refreshToken"]))


async def test_two_refreshes_at_once_get_the_same_answer(
    agency: Agency, given: dict[str, str]
) -> None:
    first = (await sign_in(agency, given))["refreshToken"]
    answers = await asyncio.gather(*(refresh(agency, first) for _ in range(5)))
    (second,) = {each["refreshToken"] for each in answers}
    assert await is_good(agency, await refresh(agency, second))


async def test_a_token_that_was_copied_ends_its_session(
    agency: Agency, given: dict[str, str]
) -> None:
    other = await sign_in(agency, given)
    first = (await sign_in(agency, given))["refreshToken"]
    second = (await refresh(agency, first))["refreshToken"]
    third = await refresh(agency, second)
    answer = await agency.visit("refreshTokens", refreshToken=first)
    assert answer.error == {"code": "UNAUTHENTICATED"}
    assert not await is_good(agency, third)
    answer = await agency.visit("refreshTokens", refreshToken=third["refreshToken"])
    assert answer.error == {"code": "UNAUTHENTICATED"}
    assert await is_good(agency, other)


async def test_who_stole_a_token_and_is_late_with_it_is_found_out(
    agency: Agency, given: dict[str, str]
) -> None:
    first = (await sign_in(agency, given))["refreshToken"]
    owners = (await refresh(agency, first))["refreshToken"]
    await past(agency, sessions.SAME_ANSWER_FOR)
    thiefs = await refresh(agency, first)
    answer = await agency.visit("refreshTokens", refreshToken=owners)
    assert answer.error == {"code": "UNAUTHENTICATED"}
    assert not await is_good(agency, thiefs)


@pytest.mark.parametrize("token", ["junk", "csr_", "csr_a.b", "csr_.", "\ud800.\ud800", "a" * 200])
@pytest.mark.parametrize("name", ["refreshTokens", "signOut"])
async def test_what_is_no_refresh_token_is_good_for_nothing(
    agency: Agency, name: str, token: str
) -> None:
    answer = await agency.visit(name, refreshToken=token)
    if name == "signOut" and not answer.errors:
        assert answer["signOut"] == {"signedOut": True}
    else:
        assert answer.error == {"code": "UNAUTHENTICATED"}


async def test_a_session_that_is_not_used_for_long_is_over(
    agency: Agency, given: dict[str, str]
) -> None:
    tokens = await sign_in(agency, given)
    async with session_of(agency.database) as session:
        ours = update(Session).where(Session.organization_id == agency.organization.id)
        await session.execute(ours.values(expires_at=Session.expires_at - sessions.REFRESH_FOR))
    answer = await agency.visit("refreshTokens", refreshToken=tokens["refreshToken"])
    assert answer.error == {"code": "UNAUTHENTICATED"}


async def test_who_signs_out_is_signed_out_there_alone(
    agency: Agency, given: dict[str, str]
) -> None:
    here, there = await sign_in(agency, given), await sign_in(agency, given)
    for _ in range(2):
        answer = await agency.visit("signOut", refreshToken=here["refreshToken"])
        assert answer["signOut"] == {"signedOut": True}
    assert not await is_good(agency, here)
    answer = await agency.visit("refreshTokens", refreshToken=here["refreshToken"])
    assert answer.error == {"code": "UNAUTHENTICATED"}
    assert await is_good(agency, await refresh(agency, there["refreshToken"]))


async def test_people_see_where_they_are_signed_in_and_end_it(agency: Agency) -> None:
    phone, tablet = [await agency.begin_session(agency.staff) for _ in range(2)]
    other = await agency.begin_session(agency.manager)
    query = "{ viewer { session { id } sessions { id client } } }"
    told = (await agency.ask(agency.staff, query))["viewer"]
    assert told["session"] is None
    assert [each["id"] for each in told["sessions"]] == [phone, tablet]
    assert {each["client"] for each in told["sessions"]} == {"a test"}
    ended = await agency.do(agency.staff, "endSession", "session { id }", id=phone)
    assert ended["endSession"]["session"] == {"id": phone}
    refused = await agency.do(agency.staff, "endSession", id=other)
    assert refused.error == {"code": "NOT_FOUND", "field": "id"}
    listed = (await agency.ask(agency.staff, query))["viewer"]["sessions"]
    assert [each["id"] for each in listed] == [tablet]
