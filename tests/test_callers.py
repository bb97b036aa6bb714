"""Who calls: known without asking the database, and no longer than it is true, in every process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from calling import NAME, send, until_refused
from factories import BOTH, TOKENS, Agency, typed
from processes import SECONDS, Process, closed, serve
from signing_in import PASSWORD, give_password
from sqlalchemy import update
from storage import session_of

from core.database import Database
from core.errors import Unauthenticated
from models import Permission, Person
from server.callers import BLIND_S, Callers
from server.embedded import Postgres, Valkey

SIGN_IN = """mutation ($input: SignInInput!) {
  signIn(input: $input) { tokens { accessToken refreshToken } }
}"""
SIGN_OUT = "mutation ($input: SignOutInput!) { signOut(input: $input) { signedOut } }"


@pytest.fixture(scope="module")
async def servers(
    postgres: Postgres, database: Database, valkey: Valkey
) -> AsyncIterator[list[Process]]:
    """Two server processes over one database."""
    del database  # migrated is all it has to be
    async with serve(postgres.url, valkey.url) as one, serve(postgres.url, valkey.url) as two:
        yield [one, two]


async def signed_in(server: Process, agency: Agency, person: Person) -> Any:
    """The tokens of a person who signs in by HTTP."""
    _, answer = await send(server, SIGN_IN, **await give_password(agency, person))
    return answer["data"]["signIn"]["tokens"]


async def sign_out(servers: list[Process], agency: Agency, tokens: Any) -> None:
    """The person signs out."""
    del agency
    status, _ = await send(servers[0], SIGN_OUT, refreshToken=tokens["refreshToken"])
    assert status == 200


async def suspend(servers: list[Process], agency: Agency, _: Any) -> None:
    """An admin suspends the person."""
    document = "mutation ($id: ID!) { suspendPerson(input: {id: $id}) { cursor } }"
    await servers[0].ask(agency.admin, document, id=typed(agency.staff))


async def change_password(servers: list[Process], agency: Agency, _: Any) -> None:
    """The person chooses another password."""
    document = """mutation ($input: ChangePasswordInput!) {
      changePassword(input: $input) { tokens { expiresAt } }
    }"""
    email = f"{agency.staff.id.hex}@example.com"
    given = {"email": email, "password": PASSWORD, "newPassword": "another horse battery"}
    status, answer = await send(servers[0], document, **given)
    assert (status, "errors" in answer) == (200, False)


Change = Callable[[list[Process], Agency, Any], Coroutine[Any, Any, None]]


@pytest.mark.parametrize("change", [sign_out, suspend, change_password])
async def test_what_ends_a_session_ends_its_tokens_and_sockets_in_every_process(
    servers: list[Process], agency: Agency, change: Change
) -> None:
    tokens = await signed_in(servers[0], agency, agency.staff)
    token = tokens["accessToken"]
    for server in servers:
        assert (await send(server, NAME, token))[0] == 200
    async with servers[0].socket(token) as one, servers[1].socket(token) as two:
        await change(servers, agency, tokens)
        for socket in (one, two):
            assert await closed(socket.raw) == 4403
    for server in servers:
        await until_refused(server, token)


async def test_another_permission_ends_sockets_that_come_again_with_it(
    servers: list[Process], agency: Agency
) -> None:
    async with servers[0].socket(agency.staff) as socket:
        async with session_of(agency.database) as session:
            person = await session.get(Person, (agency.organization.id, agency.staff.id))
            assert person
            person.permission = Permission.CONTRACTOR
        assert await closed(socket.raw) == 4403
    query = "{ viewer { person { permission } } }"
    async with asyncio.timeout(SECONDS):
        while True:
            answer = await servers[0].ask(agency.staff, query)
            if answer["viewer"]["person"]["permission"] == "CONTRACTOR":
                break


async def test_another_name_ends_nothing(servers: list[Process], agency: Agency) -> None:
    async with servers[0].socket(agency.staff) as socket, servers[1].socket(agency.admin) as other:
        async with session_of(agency.database) as session:
            for person, name in ((agency.staff, "Sam Other"), (agency.admin, "Ada Other")):
                there = await session.get(Person, (agency.organization.id, person.id))
                assert there
                there.name = name
                if person is agency.admin:
                    there.permission = Permission.STAFF  # so that it can be seen to be over
        assert await closed(other.raw) == 4403
        await socket.subscribe("1", NAME)
        assert await socket.event("1") == {"person": {"name": "Sam Other"}}


@pytest.mark.parametrize(
    "query",
    [
        NAME,
        "{ __schema { types { name } } }",
        "query signIn { viewer { scopes } }",
        "mutation { __typename }",
        'mutation { signOut(input: {refreshToken: "x"}) { signedOut } __typename }',
        "mutation { signIn: markRead { cursor } }",
        """mutation { ...F } fragment F on Mutation {
          signOut(input: {refreshToken: "x"}) { signedOut }
        }""",
        "mutation {",
        "x" * 20_000,
        f"mutation {{ {'signOut ' * 9_000} }}",
    ],
)
async def test_without_a_token_nothing_can_be_asked_but_to_come_in(
    servers: list[Process], query: str
) -> None:
    status, answer = await send(servers[0], query)
    assert status == 401
    assert [each["extensions"]["code"] for each in answer["errors"]] == ["UNAUTHENTICATED"]
    assert "data" not in answer


async def test_an_old_token_does_not_keep_one_from_coming_in(
    servers: list[Process], agency: Agency
) -> None:
    given = await give_password(agency, agency.staff)
    expired = TOKENS.issue(agency.staff, BOTH, -timedelta(seconds=1))
    for token in (None, "junk", expired, TOKENS.issue(agency.staff, BOTH, timedelta(hours=1))):
        status, answer = await send(servers[0], SIGN_IN, token, **given)
        assert (status, "errors" in answer) == (200, False)


async def test_who_calls_is_looked_up_once(agency: Agency, statements: list[str]) -> None:
    callers = Callers(TOKENS, agency.database)
    await callers.look()
    token = TOKENS.issue(agency.staff, BOTH, timedelta(hours=1))
    statements.clear()
    for _ in range(5):
        assert (await callers.of(token)).viewer.id == agency.staff.id
    assert len(statements) == 1


async def test_who_calls_is_looked_up_each_time_while_changes_can_not_be_seen(
    agency: Agency, statements: list[str]
) -> None:
    callers = Callers(TOKENS, agency.database)
    await callers.look()
    token = TOKENS.issue(agency.staff, BOTH, timedelta(hours=1))
    await callers.of(token)
    statements.clear()
    callers._watched_at -= BLIND_S  # noqa: SLF001 - as if nobody had looked since
    for _ in range(3):
        await callers.of(token)
    assert len(statements) == 3


async def test_what_was_read_before_a_change_was_seen_is_not_kept(agency: Agency) -> None:
    callers = Callers(TOKENS, agency.database)
    await callers.look()
    token = TOKENS.issue(agency.staff, BOTH, timedelta(hours=1))
    fetch = agency.database.fetch

    async def overtaken(sql: str, *arguments: Any, **within: Any) -> Any:
        found = await fetch(sql, *arguments, **within)
        vars(agency.database).pop("fetch")  # from now on as before
        suspended = update(Person).where(Person.id == agency.staff.id)
        async with session_of(agency.database) as session:
            await session.execute(suspended.values(suspended_at=Person.created_at))
        await callers.look()
        return found

    agency.database.fetch = overtaken  # type: ignore[method-assign] # what comes in between
    await callers.of(token)
    with pytest.raises(Unauthenticated):
        await callers.of(token)
