"""Guessing passwords: each attempt counts, by account and by address, however it is sent."""

import asyncio
from datetime import timedelta

import pytest
from asking import send
from factories import TOKENS, Agency
from sqlalchemy import update
from storage import session_of
from watched import Watched

import schema
from core import attempts
from core.attempts import ACCOUNT, ADDRESS
from core.database import Database
from core.errors import RateLimited
from core.visitor import Visitor
from models import Attempts, new_id
from server.errors import all_formatted


def somebody() -> str:
    """The address of an account that nobody has tried yet."""
    return f"{new_id()}@example.com"


def somewhere(home: int | None = None, host: int = 1) -> str:
    """An address from which nobody has tried yet, or another one of the same home."""
    home = new_id().int % 2**32 if home is None else home
    return f"2001:db8:{home >> 16:x}:{home & 0xFFFF:x}::{host:x}"


async def refused(database: Database, account: str, address: str) -> int | None:
    """For how many seconds to wait, if an attempt is one too many."""
    try:
        await attempts.count(database, account, address)
    except RateLimited as error:
        wait: int = error.extensions["retryAfter"]
        return wait
    return None


async def pass_by(database: Database, by: timedelta) -> None:
    """Make all attempts older."""
    async with session_of(database) as session:
        await session.execute(update(Attempts).values(empty_at=Attempts.empty_at - by))


async def test_an_account_can_be_tried_so_often_from_wherever(database: Database) -> None:
    account = somebody()
    answers = [await refused(database, account, somewhere()) for _ in range(ACCOUNT.at_once)]
    assert answers == [None] * ACCOUNT.at_once
    wait = await refused(database, account, somewhere())
    assert wait
    assert 0 < wait <= ACCOUNT.every.total_seconds()
    assert await refused(database, somebody(), somewhere()) is None


async def test_from_an_address_so_many_accounts_can_be_tried(database: Database) -> None:
    home = new_id().int % 2**32
    tried = [
        await refused(database, somebody(), somewhere(home, host))
        for host in range(1, ADDRESS.at_once + 1)
    ]
    assert tried == [None] * ADDRESS.at_once
    wait = await refused(database, somebody(), somewhere(home, 99))
    assert wait
    assert 0 < wait <= ADDRESS.every.total_seconds()


async def test_attempts_at_once_are_counted_one_by_one(database: Database) -> None:
    account = somebody()
    every = [refused(database, account, somewhere()) for _ in range(3 * ACCOUNT.at_once)]
    answers = await asyncio.gather(*every)
    assert answers.count(None) == ACCOUNT.at_once


async def test_after_the_time_told_there_is_one_attempt_more(database: Database) -> None:
    account = somebody()
    for _ in range(ACCOUNT.at_once):
        await attempts.count(database, account, somewhere())
    wait = await refused(database, account, somewhere())
    assert wait
    await pass_by(database, timedelta(seconds=wait))
    assert await refused(database, account, somewhere()) is None
    assert await refused(database, account, somewhere())


async def test_who_comes_rightly_has_all_attempts_again_but_not_for_others(
    database: Database,
) -> None:
    account, address = somebody(), somewhere()
    for _ in range(ACCOUNT.at_once):
        await attempts.count(database, account, address)
    for _ in range(ADDRESS.at_once - ACCOUNT.at_once - 1):
        await attempts.count(database, somebody(), address)
    await attempts.forgive(database, account, address)
    assert await refused(database, account, somewhere()) is None
    assert await refused(database, somebody(), address) is None
    assert await refused(database, somebody(), address) is None
    assert await refused(database, somebody(), address)


async def test_what_is_old_is_forgotten(database: Database) -> None:
    account = somebody()
    await attempts.count(database, account, somewhere())
    await pass_by(database, timedelta(days=1))
    await attempts.forget(database)
    async with session_of(database) as session:
        assert await session.get(Attempts, attempts._account_key(account)) is None  # noqa: SLF001


@pytest.mark.parametrize("address", ["", "/run/socket", "192.0.2.77", "::ffff:192.0.2.78"])
async def test_any_address_can_be_counted(database: Database, address: str) -> None:
    assert await refused(database, somebody(), address) is None


async def test_attempts_in_one_document_are_counted_one_by_one(agency: Agency) -> None:
    email, many = somebody(), ACCOUNT.at_once + 5
    given = f'input: {{email: "{email}", password: "guess"}}'
    fields = " ".join(f"a{i}: signIn({given}) {{ tokens {{ expiresAt }} }}" for i in range(many))
    visitor = Visitor(somewhere(), "a test", agency.database, agency.hub, TOKENS)
    result = await schema.build().execute(f"mutation {{ {fields} }}", {}, visitor)
    errors = all_formatted(result.errors, "test")
    codes = [error["extensions"]["code"] for error in errors]
    assert codes == ["BAD_USER_INPUT"] * ACCOUNT.at_once + ["RATE_LIMITED"] * 5
    assert errors[-1]["extensions"]["retryAfter"] > 0


async def test_by_http_a_header_says_when_to_come_again(server: Watched) -> None:
    given = f'input: {{email: "{somebody()}", password: "guess"}}'
    signing_in = f"signIn({given}) {{ tokens {{ expiresAt }} }}"
    fields = " ".join(f"a{i}: {signing_in}" for i in range(ACCOUNT.at_once + 1))
    headers = {"X-Forwarded-For": somewhere()}
    response = await send(server, None, json={"query": f"mutation {{ {fields} }}"}, headers=headers)
    assert response.status_code == 200, "it was executed"
    errors = [error["extensions"] for error in response.json()["errors"]]
    assert errors[-1].keys() == {"code", "retryAfter"}
    assert response.headers["Retry-After"] == str(errors[-1]["retryAfter"])
    assert response.headers["RateLimit"].endswith(";t=60"), "there are points left"


async def test_the_right_password_is_not_even_tried_after_too_many(agency: Agency) -> None:
    invited = await agency.do(
        agency.admin,
        "invitePerson",
        "secret",
        name="Nora New",
        email=(email := somebody()),
        permission="STAFF",
    )
    given = {"email": email, "password": "correct horse"}
    token = invited["invitePerson"]["secret"]
    await agency.visit("acceptInvitation", token=token, password=given["password"])
    for _ in range(ACCOUNT.at_once):
        answer = await agency.visit("signIn", email=email, password="guess")  # noqa: S106
        assert answer.error["code"] == "BAD_USER_INPUT"
    for name, more in (("signIn", {}), ("changePassword", {"newPassword": "x" * 10})):
        answer = await agency.visit(name, **given, **more)
        assert answer.error["code"] == "RATE_LIMITED"
