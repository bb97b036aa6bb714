"""What Prometheus is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from factories import Agency
from processes import SECONDS, http_client, token
from scraping import TOKEN, grown, metrics, scraped, series
from watched import Watched, watched

from core.database import Database
from server.embedded import Postgres, Valkey

ORDERS = "{ orders(first: 1) { edges { node { number progress { done } } } } }"
FEED = "subscription ($id: ID!) { orderFeed(orderId: $id) { type } }"


@pytest.fixture(scope="module")
async def server(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process whose metrics can be read."""
    del database  # migrated is all it has to be
    async with watched(
        postgres.url, valkey.url, settings={"CALLSHEET_METRICS_TOKEN": TOKEN}
    ) as server:
        yield server


async def until(server: Watched, value: float, series_name: str, /, **labels: str) -> None:
    """Waits until a series has a value."""
    async with asyncio.timeout(SECONDS):
        while (await metrics(server)).get(series(series_name, **labels)) != value:
            pass


async def post(server: Watched, query: str, given: str, **more: Any) -> Any:
    """What the API answers to who has a token."""
    async with http_client() as client:
        answer = await client.post(
            f"http://{server.address}/graphql",
            json={"query": query, **more},
            headers={"Authorization": f"Bearer {given}"},
        )
    return answer.json()


async def test_metrics_are_for_who_has_the_token(
    server: Watched, postgres: Postgres, valkey: Valkey
) -> None:
    assert (await scraped(server)).status_code == 200
    refused = await scraped(server, "another token")
    assert (refused.status_code, refused.text) == (401, "A token is needed.")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    async with watched(postgres.url, valkey.url) as closed:
        for given in (TOKEN, "None"):
            assert (await scraped(closed, given)).status_code == 404


async def test_operations_are_counted_by_their_outcome(agency: Agency, server: Watched) -> None:
    before = await metrics(server)
    order, staff = await agency.book(), token(agency.staff)
    labels = {"type": "query", "name": "orders", "code": "OK"}
    await post(server, ORDERS, staff)
    assert await grown(server, before, "operations_total", **labels) == 1
    assert await grown(server, before, "operation_seconds_count", type="query", name="orders") == 1
    await post(server, ORDERS, "no token")
    failed = {"type": "unknown", "name": "unknown", "code": "UNAUTHENTICATED"}
    assert await grown(server, before, "operations_total", **failed) == 1
    await post(server, "{ nothing }", staff)
    failed = {"type": "query", "name": "unknown", "code": "GRAPHQL_VALIDATION_FAILED"}
    assert await grown(server, before, "operations_total", **failed) == 1
    rename = "mutation ($id: ID!) { setOrderStatus(input: {id: $id, status: DRAFT}) { cursor } }"
    await post(server, rename.replace("DRAFT", "COMPLETED"), token(agency.customer),
               variables={"id": order})  # fmt: skip
    failed = {"type": "mutation", "name": "setOrderStatus", "code": "FORBIDDEN"}
    assert await grown(server, before, "operations_total", **failed) == 1


async def test_fields_statements_waits_and_caches_are_counted(
    agency: Agency, server: Watched
) -> None:
    await agency.book()
    query, staff = ORDERS + " # a document of this test", token(agency.staff)
    before = await metrics(server)
    await post(server, query, staff)
    await post(server, query, staff)
    assert await grown(server, before, "fields_total", type="Order", field="progress") == 2
    after = await metrics(server)

    def more(series_name: str, /, **labels: str) -> float:
        key = series(series_name, **labels)
        return after[key] - before.get(key, 0)

    assert more("cache_lookups_total", cache="documents", result="miss") == 1
    assert more("cache_lookups_total", cache="documents", result="hit") == 1
    assert more("cache_lookups_total", cache="plans", result="hit") == 1
    # Once: who it is. Of each: BEGIN, orders, progress. How it ends is not counted.
    assert more("statement_seconds_count") >= 1 + 2 * 3
    assert more("pool_wait_seconds_count", pool="read") >= 1 + 2
    assert after[series("pool_connections", pool="read", state="limit")] == 10
    assert after[series("pool_connections", pool="read", state="idle")] >= 1
    assert await grown(server, {}, "event_loop_lag_seconds_count") >= 1
    assert after["process_open_fds", frozenset()] > 0


async def test_strangers_can_not_make_it_grow(agency: Agency, server: Watched) -> None:
    staff = token(agency.staff)
    await post(server, ORDERS, staff)
    await post(server, "{ nothing }", staff)
    known = set(await metrics(server))
    before = await metrics(server)
    for i in range(60):
        await post(
            server, f"query Name{i} {{ orders(first: {i % 7 + 1}) {{ totalCount }} }}", staff
        )
        await post(server, f"query Name{i} {{ nothing{i} }}", staff)
    total = {"type": "query", "name": "orders", "code": "OK"}
    async with asyncio.timeout(SECONDS):
        while await grown(server, before, "operations_total", **total) < 60:
            pass
    grew = set(await metrics(server)) - known
    assert {labels for _, labels in grew} <= {
        frozenset({("type", "OrderConnection"), ("field", "totalCount")})
    }
    key = series("fields_total", type="OrderConnection", field="totalCount")
    assert (await metrics(server))[key] == 60


async def test_streams_and_sockets_are_counted_while_they_are_open(
    agency: Agency, server: Watched
) -> None:
    order = await agency.book()
    async with server.socket(agency.staff) as socket:
        await until(server, 1, "sockets")
        await socket.subscribe("feed", FEED, id=order)
        assert (await socket.event("feed"))["type"] == "READY"
        await until(server, 1, "streams", transport="websocket")
        assert (await metrics(server))[series("log_subscribers")] == 1
        assert (await metrics(server))[series("log_topics")] == 1
        await socket.send({"type": "complete", "id": "feed"})
        await until(server, 0, "streams", transport="websocket")
        await until(server, 0, "log_subscribers")
    await until(server, 0, "sockets")


async def test_the_state_of_redis_is_told(
    agency: Agency, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broker = Valkey(tmp_path_factory.mktemp("broker"))
    with broker:
        async with watched(
            postgres.url, broker.url, settings={"CALLSHEET_METRICS_TOKEN": TOKEN}
        ) as server:
            await until(server, 1, "redis_connected")
            broker.stop()
            await until(server, 0, "redis_connected")
            order = await agency.book()
            async with server.socket(agency.staff) as socket:
                await socket.subscribe("feed", FEED, id=order)
                assert (await socket.event("feed"))["type"] == "READY"
                before = await metrics(server)
                # Through another process, which can't tell this one.
                await agency.do(agency.staff, "postMessage", orderId=order, text="Hi")
                assert (await socket.event("feed"))["type"] == "CHANGE"
                assert await grown(server, before, "log_late_total") == 1
