"""How people get a password and change it, and how they are kept out."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from factories import Agency, typed
from signing_in import PASSWORD, WRONG, accept, invite, is_good, sign_in
from sqlalchemy import select, update
from storage import session_of

from core.attempts import ACCOUNT
from core.secrets import digest
from models import Credential, IdempotencyRecord, Kind, LogEntry, Person, Session


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
    async with session_of(agency.database) as session:
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
    async with session_of(agency.database) as session:
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
    async with session_of(agency.database) as session:
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
