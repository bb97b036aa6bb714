"""API keys: what integrations come with, as far as they are good, and no longer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from calling import NAME, send, until_refused
from factories import TOKENS, Agency, typed
from processes import Process, closed, serve
from scene import soon
from sqlalchemy import select, update
from storage import session_of

import schema
from core.context import Context
from core.database import Database
from core.errors import Unauthenticated
from core.viewer import Scope
from models import ApiKey, IdempotencyRecord, LogEntry, Permission, new_id
from server.callers import Caller, Callers
from server.embedded import Postgres, Valkey
from server.errors import all_formatted

KEY = """apiKey {
  id hint person { id } scopes expiresAt previousUntil lastUsedAt revokedAt
} secret"""


@pytest.fixture(scope="module")
async def server(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Process]:
    """A server process."""
    del database  # migrated is all it has to be
    async with serve(postgres.url, valkey.url) as server:
        yield server


async def make(agency: Agency, *scopes: str, **more: Any) -> Any:
    """What the API answers to who makes a key that acts as the agency's staff."""
    given = {"name": "Sync", "personId": typed(agency.staff), "expiresAt": soon()}
    wanted = {"scopes": list(scopes) or ["ORDERS_READ", "PEOPLE_READ"]}
    answer = await agency.do(agency.admin, "createApiKey", KEY, **(given | wanted | more))
    return answer.data["createApiKey"] or answer.error


async def caller(agency: Agency, secret: str) -> Caller:
    """Who calls with a key; asked without what is known already."""
    return await Callers(TOKENS, agency.database).of(secret)


async def is_good(agency: Agency, secret: str) -> bool:
    """Whether a key opens the API."""
    try:
        await caller(agency, secret)
    except Unauthenticated:
        return False
    return True


async def turn(agency: Agency, key: str, **values: Any) -> None:
    """Change a key behind the API's back."""
    ours = update(ApiKey).where(ApiKey.organization_id == agency.organization.id)
    async with session_of(agency.database) as session:
        await session.execute(ours.where(ApiKey.hint == key[-4:]).values(**values))


async def test_a_key_acts_as_its_person_within_its_scopes(agency: Agency) -> None:
    made = await make(agency, "ORDERS_WRITE", "ORDERS_READ", "LOG_READ", "PEOPLE_READ")
    viewer = (await caller(agency, made["secret"])).viewer
    assert (viewer.id, viewer.permission) == (agency.staff.id, Permission.STAFF)
    context = Context(viewer, agency.database, agency.hub)
    order, document = await agency.book(), "{ viewer { scopes person { name } } }"
    result = await schema.build().execute(document, {}, context)
    assert result.data == {
        "viewer": {
            "scopes": ["ORDERS_READ", "ORDERS_WRITE", "LOG_READ", "PEOPLE_READ"],
            "person": {"name": "Sam Staff"},
        }
    }
    document = """mutation ($id: ID!) {
      setOrderStatus(input: {id: $id, status: POSTPONED}) { order { status } }
    }"""
    result = await schema.build().execute(document, {"id": order}, context)
    assert result.errors is None
    query = "{ activity(last: 1) { edges { node { kind actor { name } } } } }"
    result = await schema.build().execute(query, {}, context)
    assert result.data
    assert result.data["activity"]["edges"][0]["node"] == {
        "kind": "ORDER_STATUS_CHANGED",
        "actor": {"name": "Sam Staff"},
    }
    posted = 'mutation { postMessage(input: {orderId: "x", text: "x"}) { cursor } }'
    result = await schema.build().execute(posted, {}, context)
    (error,) = all_formatted(result.errors, "test")
    assert error["extensions"] == {"code": "FORBIDDEN", "scope": "chat:write"}


async def test_a_key_is_good_until_it_expires(agency: Agency) -> None:
    made = await make(agency)
    known = await caller(agency, made["secret"])
    told = datetime.fromisoformat(made["apiKey"]["expiresAt"])
    assert datetime.fromtimestamp(known.expires_at, UTC) == told
    await turn(agency, made["secret"], expires_at=datetime.now(UTC))
    assert not await is_good(agency, made["secret"])


@pytest.mark.parametrize("secret", ["csk_", "csk_junk", "csk_" + "x" * 43, "csk_\ud800"])
async def test_what_is_no_key_opens_nothing(agency: Agency, secret: str) -> None:
    assert not await is_good(agency, secret)


async def test_a_key_ends_with_its_person(agency: Agency) -> None:
    made = await make(agency)
    await agency.do(agency.admin, "suspendPerson", id=typed(agency.staff))
    assert not await is_good(agency, made["secret"])
    assert await make(agency) == {"code": "BAD_USER_INPUT", "field": "personId"}


async def test_a_key_is_rotated_with_an_overlap(agency: Agency) -> None:
    old = await make(agency)
    given = {"id": old["apiKey"]["id"], "overlapHours": 2}
    answer = await agency.do(agency.admin, "rotateApiKey", KEY, **given)
    new = answer["rotateApiKey"]
    assert new["apiKey"]["hint"] == new["secret"][-4:] != old["secret"][-4:]
    assert (await caller(agency, new["secret"])).expires_at > (
        datetime.now(UTC) + timedelta(days=29)
    ).timestamp()
    until = datetime.fromisoformat(new["apiKey"]["previousUntil"])
    assert (await caller(agency, old["secret"])).expires_at == until.timestamp()
    await turn(agency, new["secret"], previous_until=datetime.now(UTC))
    assert not await is_good(agency, old["secret"])
    assert await is_good(agency, new["secret"])


async def test_a_key_that_may_be_known_is_rotated_at_once(agency: Agency) -> None:
    old = await make(agency)
    given = {"id": old["apiKey"]["id"], "overlapHours": 0}
    answer = await agency.do(agency.admin, "rotateApiKey", KEY, **given)
    assert not await is_good(agency, old["secret"])
    assert await is_good(agency, answer["rotateApiKey"]["secret"])


async def test_a_key_is_revoked_for_good(agency: Agency) -> None:
    made = await make(agency)
    key = made["apiKey"]["id"]
    rotated = await agency.do(agency.admin, "rotateApiKey", KEY, id=key)
    answer = await agency.do(agency.admin, "revokeApiKey", "apiKey { revokedAt }", id=key)
    assert answer["revokeApiKey"]["apiKey"]["revokedAt"]
    for secret in (made["secret"], rotated["rotateApiKey"]["secret"]):
        assert not await is_good(agency, secret)
    refused = await agency.do(agency.admin, "rotateApiKey", id=key)
    assert refused.error == {"code": "CONFLICT", "field": "id"}


async def test_a_revoked_key_and_its_sockets_end_in_a_running_process(
    server: Process, agency: Agency
) -> None:
    made = await make(agency)
    assert (await send(server, NAME, made["secret"]))[0] == 200
    async with server.socket(made["secret"]) as socket:
        await agency.do(agency.admin, "revokeApiKey", id=made["apiKey"]["id"])
        assert await closed(socket.raw) == 4403
    await until_refused(server, made["secret"])


async def test_a_key_may_be_good_for_some_documents_only(server: Process, agency: Agency) -> None:
    known = sha256(NAME.encode()).hexdigest()
    made = await make(agency, documents=[f"sha256:{known}", "f" * 64])
    asked = "{ apiKeys { edges { node { documents } } } }"
    (edge,) = (await agency.ask(agency.admin, asked))["apiKeys"]["edges"]
    assert edge["node"] == {"documents": [known, "f" * 64]}
    rotated = await agency.do(agency.admin, "rotateApiKey", KEY, id=made["apiKey"]["id"])
    for secret in (made["secret"], rotated["rotateApiKey"]["secret"]):
        assert (await send(server, NAME, secret))[0] == 200
        for other in (NAME + " ", "{ __typename }", "{"):
            status, body = await send(server, other, secret)
            assert (status, body["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    async with server.socket(made["secret"]) as socket:
        await socket.subscribe("1", "subscription { activity { type } }")
        (error,) = (await socket.receive())["payload"]
        assert error["extensions"] == {"code": "FORBIDDEN"}
        await socket.subscribe("2", NAME)
        assert await socket.event("2") == {"person": {"name": "Sam Staff"}}


async def test_a_socket_of_a_rotated_key_ends_with_the_overlap(
    server: Process, agency: Agency
) -> None:
    made = await make(agency)
    async with server.socket(made["secret"]) as socket:
        given = {"id": made["apiKey"]["id"], "overlapHours": 1}
        await agency.do(agency.admin, "rotateApiKey", **given)
        await socket.subscribe("1", NAME)
        assert await socket.event("1") == {"person": {"name": "Sam Staff"}}
        assert (await socket.receive())["type"] == "complete"
        ours = update(ApiKey).where(ApiKey.organization_id == agency.organization.id)
        async with session_of(agency.database) as session:
            await session.execute(ours.values(previous_until=datetime.now(UTC)))
        assert await closed(socket.raw) == 4403


async def test_the_last_use_is_written_once_an_hour(agency: Agency, statements: list[str]) -> None:
    made = await make(agency)
    statements.clear()
    for _ in range(3):
        await caller(agency, made["secret"])
    assert sum("UPDATE api_keys" in each for each in statements) == 1
    query = "{ apiKeys { edges { node { lastUsedAt version } } } }"
    (edge,) = (await agency.ask(agency.admin, query))["apiKeys"]["edges"]
    used = datetime.fromisoformat(edge["node"]["lastUsedAt"])
    assert timedelta() <= datetime.now(UTC) - used < timedelta(minutes=1)
    assert edge["node"]["version"] == 1
    await turn(agency, made["secret"], last_used_at=used - timedelta(hours=1))
    statements.clear()
    await caller(agency, made["secret"])
    assert sum("UPDATE api_keys" in each for each in statements) == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["ORDERS_READ", "KEYS_WRITE"]}, "scopes"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"expiresAt": "2999-01-01T00:00:00Z"}, "expiresAt"),
        ({"documents": []}, "documents"),
        ({"documents": ["0" * 63]}, "documents.0"),
        ({"documents": ["0" * 64] * 101}, "documents"),
    ],
)
async def test_a_key_that_is_good_for_too_much_or_too_long_is_not_made(
    agency: Agency, wrong: dict[str, Any], field: str
) -> None:
    assert await make(agency, **wrong) == {"code": "BAD_USER_INPUT", "field": field}


async def test_an_agency_has_so_many_keys(agency: Agency) -> None:
    def key(revoked_at: datetime | None = None) -> ApiKey:
        return ApiKey(
            organization_id=agency.organization.id,
            person_id=agency.staff.id,
            name="Sync",
            scopes=[Scope.LOG_READ],
            hint="0000",
            secret_hash=new_id().bytes,
            expires_at=datetime.now(UTC),
            revoked_at=revoked_at,
        )

    async with session_of(agency.database) as session:
        session.add_all([key() for _ in range(99)] + [key(datetime.now(UTC))])
    last = await make(agency)
    assert last["secret"]
    assert await make(agency) == {"code": "BAD_USER_INPUT", "field": "name"}
    await agency.do(agency.admin, "revokeApiKey", id=last["apiKey"]["id"])
    assert (await make(agency))["secret"]


async def test_the_secret_of_a_key_is_told_once_and_stored_nowhere(agency: Agency) -> None:
    first, again = [await make(agency, idempotencyKey="x", expiresAt=EXPIRES) for _ in range(2)]
    assert first["apiKey"] == again["apiKey"]
    assert first["secret"].startswith("csk_")
    assert again["secret"] is None
    tables: list[Any] = [ApiKey, LogEntry, IdempotencyRecord]
    async with session_of(agency.database) as session:
        rows = [
            {name: getattr(row, name) for name in table.__table__.columns.keys()}  # noqa: SIM118
            for table in tables
            for row in await session.scalars(
                select(table).where(table.organization_id == agency.organization.id)
            )
        ]
    assert len(rows) == 3
    assert first["secret"] not in repr(rows)


EXPIRES = soon()
