"""What operations are charged, what clients are told of it, and what happens when all is spent."""

import asyncio
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx2
import orjson
import pytest
from asking import CLASSIC, MODERN, ask, code, data, send
from factories import Agency
from processes import SECONDS, http_client
from scraping import TOKEN, grown, metrics, series
from sockets import FEED
from test_api_keys import make
from watched import Watched, watched

from core.database import Database
from engine import costs
from models import Person
from schema import core
from server.bills import EACH, REFUSED
from server.embedded import Postgres, Valkey

LIMIT = 20_000
NAME = "{ viewer { person { name } } }"
LARGE = "{ orders(first: 100) { edges { node { feed(first: 47) { edges { cursor } } } } } }"
RENAME = """mutation ($id: ID!) {
  updateOrderNotes(input: {id: $id, notes: "Ring twice"}) { order { notes } }
}"""
NOTES = "query ($id: ID!) { order(id: $id) { notes } }"
DRY = {"extensions": {"dryRun": True}}
SHOWN = """fragment f on UpdateOrderNotesPayload {
  order { notes feed(first: 42) { edges { cursor } } }
}"""
ACTIVITY = "subscription { activity { type activity { kind } } }"


@pytest.fixture(scope="module")
async def server(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process with small budgets."""
    del database  # migrated is all it has to be
    names = ("PERSON", "KEY", "ADDRESS")
    settings = {f"CALLSHEET_{name}_POINTS": str(LIMIT) for name in names}
    settings["CALLSHEET_METRICS_TOKEN"] = TOKEN
    # Else budgets would fill while clients wait.
    at_once = "from server import turns; turns.WAIT = turns.SOON = 0"
    async with watched(postgres.url, valkey.url, first=at_once, settings=settings) as server:
        yield server


def cost(response: httpx2.Response) -> dict[str, int]:
    """What an answer tells of its cost."""
    found: dict[str, int] = response.json()["extensions"]["cost"]
    assert list(found) == ["requested", "limit", "remaining"]
    assert found["limit"] == LIMIT
    return found


def told(response: httpx2.Response, of: str = "person") -> tuple[int, int]:
    """What is left, and for which time, by the headers of an answer."""
    policy = f'"{of}";q={LIMIT};w=60;callsheet-unit=points'
    assert response.headers["RateLimit-Policy"] == policy
    found = re.fullmatch(rf'"{of}";r=(\d+);t=(\d+)', response.headers["RateLimit"])
    assert found, response.headers["RateLimit"]
    return int(found[1]), int(found[2])


async def spend(server: Watched, person: Person | str, **more: Any) -> httpx2.Response:
    """The first answer that is refused as all was spent."""
    async with asyncio.timeout(SECONDS):
        while True:
            response = await by(server, person, LARGE, **more)
            if response.status_code != 200:
                return response


async def by(
    server: Watched, who: Person | str, query: str, headers: Any = None, **more: Any
) -> httpx2.Response:
    """The answer to a person, or to who has a token."""
    if isinstance(who, Person):
        return await ask(server, who, query, headers, **more)
    given = {"Authorization": f"Bearer {who}", **(headers or {})}
    return await send(server, None, headers=given, content=orjson.dumps({"query": query, **more}))


async def test_an_answer_tells_what_it_cost_and_what_is_left(
    agency: Agency, server: Watched
) -> None:
    first = await ask(server, agency.staff, NAME)
    assert cost(first)["requested"] == EACH + costs.cost(core(), NAME, None, {}) == EACH + 2
    assert LIMIT - EACH - 2 <= cost(first)["remaining"] <= LIMIT
    assert told(first)[0] == pytest.approx(cost(first)["remaining"], abs=50)
    assert told(first)[1] == 60
    large = await ask(server, agency.staff, LARGE)
    assert cost(large)["requested"] == EACH + 9801
    left = cost(large)["remaining"]
    assert told(large)[0] == pytest.approx(left, abs=50)
    assert LIMIT - 2 * EACH - 2 - 9801 <= left < LIMIT - 9000


@pytest.mark.parametrize("accept", [MODERN, CLASSIC, "text/event-stream"])
async def test_who_has_spent_all_is_refused_and_told_when_to_come_again(
    agency: Agency, server: Watched, accept: str
) -> None:
    refused = await spend(server, agency.staff, headers={"Accept": accept})
    assert refused.status_code == 429
    assert code(refused) == "RATE_LIMITED"
    (error,) = refused.json()["errors"]
    wait = error["extensions"].pop("retryAfter")
    assert error["extensions"] == {
        "code": "RATE_LIMITED",
        "limit": "points a minute, of a person",
        "allowed": LIMIT,
    }
    assert 0 < wait <= 60
    assert refused.headers["Retry-After"] == str(wait)
    assert told(refused)[1] == wait
    other = await ask(server, agency.admin, NAME)
    assert other.status_code == 200, "another person has a budget of their own"


async def test_what_is_refused_is_not_executed(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    document = f"mutation ($id: ID!) {{ {' '.join(map(_noting, range(100)))} }} {SHOWN}"
    await spend(server, agency.staff)
    refused = await ask(server, agency.staff, document, variables={"id": order_id})
    assert code(refused) == "RATE_LIMITED"
    assert (await agency.ask(agency.staff, NOTES, id=order_id))["order"] == {"notes": ""}
    done = await ask(server, agency.admin, document, variables={"id": order_id})
    assert data(done)["a99"]["order"]["notes"] == "99"
    assert cost(done)["requested"] == EACH + 100 * (costs.MUTATION + 2 + 1 + 42 * 2)


def _noting(number: int) -> str:
    return f'a{number}: updateOrderNotes(input: {{id: $id, notes: "{number}"}}) {{ ...f }}'


async def test_a_key_has_a_budget_of_its_own(agency: Agency, server: Watched) -> None:
    key = (await make(agency, "ORDERS_READ", "LOG_READ", "CHAT_READ"))["secret"]
    refused = await spend(server, key)
    assert refused.json()["errors"][0]["extensions"]["limit"] == "points a minute, of an API key"
    assert told(refused, "key")[1] <= 60
    assert (await ask(server, agency.staff, NAME)).status_code == 200


async def test_who_has_no_token_is_counted_by_address(agency: Agency, server: Watched) -> None:
    async def knock(address: str) -> httpx2.Response:
        headers = {"X-Forwarded-For": address}
        return await send(server, None, headers=headers, json={"query": NAME})

    home = agency.address.removesuffix("::1")
    first = await knock(f"{home}::1")
    assert (first.status_code, code(first)) == (401, "UNAUTHENTICATED")
    assert LIMIT - EACH <= told(first, "address")[0] <= LIMIT
    async with http_client() as client:
        url, headers = f"http://{server.address}/graphql", {"X-Forwarded-For": f"{home}::2"}
        many = (client.post(url, json={"query": "{"}, headers=headers) for _ in range(250))
        by_status = {each.status_code: each for each in await asyncio.gather(*many)}
    assert by_status.keys() == {401, 429}
    refused = by_status[429]
    assert code(refused) == "RATE_LIMITED"
    assert told(refused, "address")[1] == int(refused.headers["Retry-After"])
    assert (await knock("192.0.2.1")).status_code == 401
    allowed = await ask(server, agency.staff, NAME, {"X-Forwarded-For": f"{home}::3"})
    assert allowed.status_code == 200, "who has a token is not counted by address"


async def test_a_document_that_is_refused_costs_its_reading(
    agency: Agency, server: Watched
) -> None:
    for document in ("{", "{ nothing }", LARGE.replace("47", "100")):
        before = cost(await ask(server, agency.staff, NAME))["remaining"]
        refused = await ask(server, agency.staff, document)
        assert refused.status_code == 400
        after = cost(await ask(server, agency.staff, NAME))["remaining"]
        assert before - after <= REFUSED + EACH + 2
        assert told(refused)[0] <= before


async def test_a_dry_run_tells_the_cost_and_does_nothing(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    before = cost(await ask(server, agency.staff, NAME))["remaining"]
    response = await ask(server, agency.staff, RENAME, variables={"id": order_id}, **DRY)
    assert response.status_code == 200
    assert response.json()["data"] is None
    assert "errors" not in response.json()
    assert cost(response)["requested"] == EACH + costs.MUTATION + 2
    assert cost(await ask(server, agency.staff, LARGE, **DRY))["requested"] == EACH + 9801
    assert before - 2 * EACH - EACH - 2 <= cost(await ask(server, agency.staff, NAME))["remaining"]
    assert (await agency.ask(agency.staff, NOTES, id=order_id))["order"] == {"notes": ""}


@pytest.mark.parametrize("accept", [MODERN, "text/event-stream"])
async def test_a_subscription_can_be_tried_as_well(
    agency: Agency, server: Watched, accept: str
) -> None:
    given = {"variables": {"id": await agency.book()}, **DRY}
    response = await ask(server, agency.staff, FEED, {"Accept": accept}, **given)
    assert f'"data":null,"extensions":{{"cost":{{"requested":{EACH + 2},' in response.text


async def test_a_socket_can_try_an_operation(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    async with server.socket(agency.staff) as socket:
        for document in (RENAME, FEED):
            payload = {"query": document, "variables": {"id": order_id}, **DRY}
            await socket.send({"id": "1", "type": "subscribe", "payload": payload})
            answer = (await socket.receive())["payload"]
            assert answer["data"] is None
            assert answer["extensions"]["cost"]["requested"] > EACH
            assert (await socket.receive())["type"] == "complete"
    assert (await agency.ask(agency.staff, NOTES, id=order_id))["order"] == {"notes": ""}


async def test_what_can_not_be_executed_is_told_in_a_dry_run(
    agency: Agency, server: Watched
) -> None:
    for document, expected in (
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (NOTES, "BAD_USER_INPUT"),
        (LARGE.replace("47", "100"), "TOO_COSTLY"),
    ):
        refused = await ask(server, agency.staff, document, **DRY)
        assert (refused.status_code, code(refused)) == (400, expected)
    key = (await make(agency, "PEOPLE_READ"))["secret"]
    refused = await by(server, key, "{ activity { totalCount } }", **DRY)
    assert (refused.status_code, code(refused)) == (403, "FORBIDDEN")
    refused = await ask(server, agency.staff, NAME, extensions={"dryRun": 1})
    assert (refused.status_code, code(refused)) == (400, "BAD_USER_INPUT")


async def test_a_socket_stays_when_all_is_spent(agency: Agency, server: Watched) -> None:
    async with server.socket(agency.staff) as socket:
        await socket.subscribe("q", LARGE)
        answer = await socket.receive()
        assert answer["payload"]["extensions"]["cost"]["requested"] == EACH + 9801
        assert (await socket.receive())["type"] == "complete"
        await spend(server, agency.staff)
        await socket.subscribe("q", LARGE)
        refused = await socket.receive()
        assert (refused["id"], refused["type"]) == ("q", "error")
        assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}


@pytest.mark.parametrize("who", ["staff", "customer"])
async def test_a_subscription_is_charged_once_and_its_events_tell_nothing(
    agency: Agency, server: Watched, who: str
) -> None:
    order_id, person = await agency.book(), getattr(agency, who)
    async with server.socket(person) as socket:
        before = cost(await ask(server, person, NAME))["remaining"]
        await socket.subscribe("feed", ACTIVITY)
        for _ in range(3):
            event = await socket.receive()
            assert list(event["payload"]) == ["data"]
            for status in ("PENDING", "COMPLETED"):
                await agency.do(agency.staff, "setOrderStatus", id=order_id, status=status)
        after = cost(await ask(server, person, NAME))["remaining"]
        assert before - after <= EACH + 3 + EACH + 2


async def test_a_kept_answer_is_the_same_whatever_is_left(agency: Agency, server: Watched) -> None:
    hash_ = f"sha256:{sha256(NAME.encode()).hexdigest()}"
    assert data(await ask(server, agency.staff, NAME, documentId=hash_))
    kept = [await send(server, agency.staff, "GET", params={"documentId": hash_}) for _ in range(2)]
    assert kept[0].headers["ETag"] == kept[1].headers["ETag"]
    assert [list(each.json()) for each in kept] == [["data"], ["data"]]
    assert 0 < told(kept[1])[0] <= LIMIT
    known = {"If-None-Match": kept[0].headers["ETag"]}
    again = await send(server, agency.staff, "GET", params={"documentId": hash_}, headers=known)
    assert again.status_code == 304


async def test_what_is_spent_and_refused_is_counted(agency: Agency, server: Watched) -> None:
    before = await metrics(server)
    await spend(server, agency.staff)
    assert await grown(server, before, "rate_limited_total", of="person") == 1
    assert await grown(server, before, "points_total", of="person") >= LIMIT - 10_000
    after, unsettled = await metrics(server), series("budgets_unsettled_total")
    assert after[unsettled] == before[unsettled]


async def test_without_redis_a_process_goes_on(
    agency: Agency, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Valkey(tmp_path_factory.mktemp("broker")) as broker:
        settings = {"CALLSHEET_PERSON_POINTS": str(LIMIT)}
        async with watched(postgres.url, broker.url, settings=settings) as server:
            broker.stop()
            assert data(await ask(server, agency.admin, NAME))
            assert (await spend(server, agency.staff)).status_code == 429
            assert data(await ask(server, agency.admin, NAME))
