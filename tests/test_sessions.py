"""Signing in, staying signed in over bad networks, and signing out."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from factories import TOKENS, Agency, Answer, typed
from sqlalchemy import select, update

import schema
from core import passwords, sessions
from core.attempts import ACCOUNT
from core.context import Context
from core.errors import Unauthenticated
from core.secrets import digest
from models import Credential, IdempotencyRecord, Kind, LogEntry, Person, Session, new_id
from server.callers import Callers

PASSWORD = "correct horse battery"  # noqa: S105 - it opens nothing
WRONG = {"code": "BAD_USER_INPUT", "field": "password"}


async def give_password(agency: Agency, person: Person) -> dict[str, str]:
    """What a person signs in with."""
    email = f"{person.id.hex}@example.com"
    credential = Credential(
        organization_id=person.organization_id,
        id=new_id(),
        person_id=person.id,
        password_hash=await passwords.hashed(PASSWORD),
    )
    async with agency.database.transaction() as session:
        session.add(credential)
        await session.execute(update(Person).where(Person.id == person.id).values(email=email))
    return {"email": email, "password": PASSWORD}


@pytest.fixture
async def given(agency: Agency) -> dict[str, str]:
    """What the agency's staff signs in with."""
    return await give_password(agency, agency.staff)


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


async def past(agency: Agency, by: timedelta) -> None:
    """Make the agency's sessions as old as if they had been refreshed that long ago."""
    ours = Session.organization_id == agency.organization.id
    async with agency.database.transaction() as session:
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
    async with agency.database.transaction() as session:
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
    async with agency.database.transaction() as session:
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


async def invite(agency: Agency, **more: Any) -> Any:
    """The answer to an invitation of somebody new."""
    given = {"name": "Nora New", "email": f"{new_id().hex}@example.com", "permission": "STAFF"}
    selection = "secret person { id email suspendedAt }"
    return await agency.do(agency.admin, "invitePerson", selection, **given, **more)


async def accept(agency: Agency, secret: str, password: str = PASSWORD) -> Answer:
    """What the API answers to who accepts an invitation."""
    return await agency.visit("acceptInvitation", token=secret, password=password)


async def test_who_is_invited_chooses_a_password_once(agency: Agency) -> None:
    invited = (await invite(agency))["invitePerson"]
    tokens = (await accept(agency, invited["secret"]))["acceptInvitation"]["tokens"]
    assert await is_good(agency, tokens)
    again = await accept(agency, invited["secret"])
    assert again.error == {"code": "BAD_USER_INPUT", "field": "token"}
    assert await sign_in(agency, {"email": invited["person"]["email"], "password": PASSWORD})


async def test_only_the_last_invitation_is_good(agency: Agency) -> None:
    invited = (await invite(agency))["invitePerson"]
    renewed = await agency.do(agency.admin, "renewInvitation", "secret", id=invited["person"]["id"])
    assert (await accept(agency, invited["secret"])).error["field"] == "token"
    assert (await accept(agency, renewed["renewInvitation"]["secret"]))["acceptInvitation"]


async def test_an_invitation_expires_and_is_for_nobody_who_is_suspended(agency: Agency) -> None:
    invited = (await invite(agency))["invitePerson"]
    await agency.do(agency.admin, "suspendPerson", id=invited["person"]["id"])
    assert (await accept(agency, invited["secret"])).error["field"] == "token"
    await agency.do(agency.admin, "reinstatePerson", id=invited["person"]["id"])
    late = Credential.invitation_expires_at - timedelta(days=7)
    async with agency.database.transaction() as session:
        ours = update(Credential).where(Credential.invitation_hash == digest(invited["secret"]))
        await session.execute(ours.values(invitation_expires_at=late))
    assert (await accept(agency, invited["secret"])).error["field"] == "token"


async def test_an_invitation_accepted_twice_at_once_is_accepted_once(agency: Agency) -> None:
    invited = (await invite(agency))["invitePerson"]
    answers = await asyncio.gather(*(accept(agency, invited["secret"]) for _ in range(4)))
    assert sum(not answer.errors for answer in answers) == 1


async def test_a_secret_is_told_once(agency: Agency) -> None:
    key = {"idempotencyKey": "once", "email": "once@example.com"}
    given = {"name": "Nora New", "permission": "STAFF", **key}
    selection = "secret person { id }"
    first, again = [
        (await agency.do(agency.admin, "invitePerson", selection, **given))["invitePerson"]
        for _ in range(2)
    ]
    assert first["person"] == again["person"]
    assert first["secret"].startswith("csi_")
    assert again["secret"] is None


async def test_an_address_is_taken_once_in_an_agency(agency: Agency) -> None:
    given = {"name": "Twin", "email": agency.staff.email.upper(), "permission": "STAFF"}
    answer = await agency.do(agency.admin, "invitePerson", **given)
    assert answer.error == {"code": "CONFLICT", "field": "email"}


@pytest.mark.parametrize("password", ["", "x" * 9, "x" * 201])
async def test_a_password_has_ten_to_two_hundred_characters(
    agency: Agency, given: dict[str, str], password: str
) -> None:
    invited = (await invite(agency))["invitePerson"]
    refused = await accept(agency, invited["secret"], password)
    assert refused.error == {"code": "BAD_USER_INPUT", "field": "password"}
    refused = await agency.visit("changePassword", **given, newPassword=password)
    assert refused.error == {"code": "BAD_USER_INPUT", "field": "newPassword"}
    assert (await accept(agency, invited["secret"]))["acceptInvitation"]


async def test_a_password_is_the_same_from_all_keyboards(agency: Agency) -> None:
    invited = (await invite(agency))["invitePerson"]
    await accept(agency, invited["secret"], "caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait")
    given = {
        "email": invited["person"]["email"],
        "password": "cafe\N{COMBINING ACUTE ACCENT} au lait",
    }
    assert await sign_in(agency, given)


async def test_another_password_ends_all_other_sessions(
    agency: Agency, given: dict[str, str]
) -> None:
    before = await sign_in(agency, given)
    new = {"newPassword": "another horse battery"}
    answer = await agency.visit("changePassword", **given, **new)
    assert await is_good(agency, answer["changePassword"]["tokens"])
    assert not await is_good(agency, before)
    assert (await agency.visit("signIn", **given)).error == WRONG
    assert await sign_in(agency, {**given, "password": new["newPassword"]})


async def test_who_is_suspended_is_out_and_comes_back_by_the_password_alone(
    agency: Agency, given: dict[str, str]
) -> None:
    tokens = await sign_in(agency, given)
    selection = "person { suspendedAt }"
    done = await agency.do(agency.admin, "suspendPerson", selection, id=typed(agency.staff))
    assert done["suspendPerson"]["person"]["suspendedAt"]
    assert not await is_good(agency, tokens)
    assert (await agency.visit("signIn", **given)).error == WRONG
    done = await agency.do(agency.admin, "reinstatePerson", selection, id=typed(agency.staff))
    assert done["reinstatePerson"]["person"]["suspendedAt"] is None
    assert not await is_good(agency, tokens)
    assert await sign_in(agency, given)


async def test_an_admin_can_not_lock_everybody_out(agency: Agency) -> None:
    refused = await agency.do(agency.admin, "suspendPerson", id=typed(agency.admin))
    assert refused.error == {"code": "FORBIDDEN"}


async def test_signing_in_while_the_password_changes_does_not_outlive_it(
    agency: Agency, given: dict[str, str]
) -> None:
    new = {"newPassword": "another horse battery"}
    change = agency.visit("changePassword", **given, **new)
    attempts = [agency.visit("signIn", **given) for _ in range(3)]
    changed, *others = await asyncio.gather(change, *attempts)
    assert await is_good(agency, changed["changePassword"]["tokens"])
    for answer in others:
        if not answer.errors:
            assert not await is_good(agency, answer.data["signIn"]["tokens"])


async def test_the_agency_reads_who_came_in_and_only_oneself_of_passwords(
    agency: Agency, given: dict[str, str]
) -> None:
    invited = (await invite(agency))["invitePerson"]
    await accept(agency, invited["secret"])
    await agency.visit("changePassword", **given, newPassword="another horse battery")
    query = "{ activity(last: 2) { edges { node { kind summary actor { name } } } } }"
    told = (await agency.ask(agency.manager, query))["activity"]["edges"]
    assert [each["node"] for each in told] == [
        {
            "kind": "PERSON_INVITED",
            "summary": "invited Nora New",
            "actor": {"name": "Ada Admin"},
        },
        {
            "kind": "INVITATION_ACCEPTED",
            "summary": "accepted the invitation",
            "actor": {"name": "Nora New"},
        },
    ]
    ours = LogEntry.organization_id == agency.organization.id
    async with agency.database.read() as session:
        entry = (
            await session.scalars(select(LogEntry).where(ours).order_by(-LogEntry.seq))
        ).first()
    assert entry
    assert (entry.kind, entry.recipient_id) == (Kind.PASSWORD_CHANGED, agency.staff.id)


async def test_no_secret_is_stored(agency: Agency, given: dict[str, str]) -> None:
    invited = (await invite(agency, idempotencyKey="x"))["invitePerson"]
    tokens = await sign_in(agency, given)
    secrets = [PASSWORD, invited["secret"], tokens["refreshToken"]]
    secrets += tokens["refreshToken"].removeprefix("csr_").split(".")
    tables: list[Any] = [Credential, Session, LogEntry, IdempotencyRecord, Person]
    async with agency.database.read() as session:
        rows = [
            {name: getattr(row, name) for name in table.__table__.columns.keys()}  # noqa: SIM118
            for table in tables
            for row in await session.scalars(
                select(table).where(table.organization_id == agency.organization.id)
            )
        ]
    assert rows
    assert not [secret for secret in secrets if secret in repr(rows)]


async def test_signing_in_goes_alone(agency: Agency, given: dict[str, str]) -> None:
    document = "mutation ($input: SignInInput!) { signIn(input: $input) { tokens { expiresAt } } }"
    answer = await agency.ask(agency.admin, document, input=given)
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "query"}


async def test_who_signs_in_rightly_is_not_limited(agency: Agency, given: dict[str, str]) -> None:
    for _ in range(ACCOUNT.at_once + 1):
        assert await sign_in(agency, given)
