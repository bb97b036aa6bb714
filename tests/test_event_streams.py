"""Subscriptions over HTTP: Server-Sent Events, and Apollo's multipart, from a real process.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
"""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from asking import CLASSIC, MODERN, ask, code, data, send
from factories import Agency
from processes import token
from streaming import BOTH, EVENTS, FEED, PARTS, POST, streaming
from watched import Watched

from core.database import Database
from subscriptions.hub import Hub

URQL = "text/event-stream, multipart/mixed"
APOLLO = "multipart/mixed;subscriptionSpec=1.0"
URQL_ONCE = f"{MODERN}, application/graphql+json, {CLASSIC}, {URQL}"


@BOTH
async def test_what_happens_is_told(agency: Agency, server: Watched, accept: str) -> None:
    order_id = await agency.book()
    async with streaming(server, agency.staff, FEED, accept, id=order_id) as stream:
        assert stream.response.status_code == 200
        assert stream.response.headers["Cache-Control"] == "no-store"
        assert stream.response.headers["X-Request-Id"]
        assert "Content-Encoding" not in stream.response.headers
        assert (await stream.event())["type"] == "READY"
        for text in ("one\n\n--graphql", "two\n\ndata: x", "three\u2028x"):
            await server.ask(agency.manager, POST, id=order_id, text=text)
            assert (await stream.event())["entry"] == {"text": text}


async def test_events_are_lines_with_the_place_in_the_log(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    async with streaming(server, agency.staff, FEED, id=order_id) as stream:
        assert stream.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert await stream.block() == b":"
        ready, data = await stream.fields(), {}
        assert ready
        assert ready.keys() == {"event", "id", "data"}
        data = orjson.loads(ready["data"])
        assert ready["id"] == data["data"]["orderFeed"]["cursor"]
        posted = await server.ask(agency.manager, POST, id=order_id, text="x")
        block = await stream.block()
        assert block
        assert b"\r" not in block
        assert f"id: {posted['postMessage']['cursor']}\n".encode() in block


async def test_the_place_is_told_to_those_who_do_not_ask_for_it(
    agency: Agency, server: Watched
) -> None:
    query = "subscription ($id: ID!) { told: orderFeed(orderId: $id) { type } }"
    async with streaming(server, agency.staff, query, id=await agency.book()) as stream:
        ready = await stream.fields()
    assert ready
    assert ready["id"]


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (EVENTS, "text/event-stream"),
        (URQL, "text/event-stream"),
        (f"{CLASSIC}, {EVENTS};q=0.1", "text/event-stream"),
        (PARTS, "multipart/mixed"),
        ('multipart/mixed;subscriptionSpec="1.0", application/json', "multipart/mixed"),
        (f"{APOLLO}, {EVENTS};q=0.9", "multipart/mixed"),
        (f"{APOLLO};q=0.9, {EVENTS}", "text/event-stream"),
    ],
)
async def test_the_client_chooses_how_it_is_told(
    agency: Agency, server: Watched, accept: str, given: str
) -> None:
    order_id = await agency.book()
    async with streaming(server, agency.staff, FEED, accept, id=order_id) as stream:
        assert stream.response.headers["Content-Type"].partition(";")[0] == given


@pytest.mark.parametrize("accept", [None, "*/*", CLASSIC, MODERN, "multipart/mixed, */*"])
async def test_who_does_not_name_a_stream_gets_none(
    agency: Agency, server: Watched, accept: str | None
) -> None:
    variables = {"id": await agency.book()}
    answered = await ask(server, agency.staff, FEED, {"Accept": accept}, variables=variables)
    assert code(answered) == "GRAPHQL_VALIDATION_FAILED"
    assert "text/event-stream" in answered.json()["errors"][0]["message"]


@pytest.mark.parametrize("accept", [URQL_ONCE, f"{EVENTS}, {CLASSIC};q=0.1", PARTS])
async def test_who_can_read_one_answer_gets_one(
    agency: Agency, server: Watched, accept: str
) -> None:
    answered = await ask(server, agency.staff, "{ __typename }", {"Accept": accept})
    assert data(answered) == {"__typename": "Query"}


async def test_who_can_not_gets_a_stream_of_one(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    for query, name in (("{ __typename }", "__typename"), (POST, "postMessage")):
        async with streaming(server, agency.staff, query, id=order_id, text="x") as stream:
            assert name in (await stream.answer())["data"]
            assert await stream.fields() == {"event": "complete", "data": ""}
            assert await stream.block() is None


async def test_a_subscription_may_go_by_get(agency: Agency, server: Watched) -> None:
    order_id = await agency.book()
    async with streaming(server, agency.staff, FEED, method="GET", id=order_id) as stream:
        assert (await stream.event())["type"] == "READY"
    params = {"query": FEED, "variables": orjson.dumps({"id": order_id}).decode()}
    head = await send(server, agency.staff, "HEAD", params=params, headers={"Accept": EVENTS})
    assert head.status_code == 200
    assert head.content == b""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription ($id: ID!) { orderFeed(orderId: $id) { type } }", "BAD_USER_INPUT"),
        ('subscription { orderFeed(orderId: "x") { type } }', "BAD_USER_INPUT"),
        (
            'subscription { orderFeed(orderId: "ord_01jzzzzzzze00a4b4b4b4b4b4b") { type } }',
            "NOT_FOUND",
        ),
    ],
)
async def test_what_graphql_refuses_is_told_in_the_stream(
    agency: Agency, server: Watched, query: str, expected: str
) -> None:
    async with streaming(server, agency.staff, query) as stream:
        assert stream.response.status_code == 200
        answer = await stream.answer()
        assert list(answer) == ["errors"]
        assert answer["errors"][0]["extensions"]["code"] == expected
        assert await stream.fields() == {"event": "complete", "data": ""}
        assert await stream.block() is None


async def test_what_http_refuses_has_a_status(agency: Agency, server: Watched) -> None:
    headers = {"Accept": EVENTS}
    expired = f"Bearer {token(agency.staff, -timedelta(seconds=1))}"
    refused = [
        (401, await send(server, None, content=b"{}", headers=headers)),
        (
            401,
            await send(server, None, content=b"{}", headers={**headers, "Authorization": expired}),
        ),
        (400, await send(server, agency.staff, content=b"[", headers=headers)),
        (413, await send(server, agency.staff, content=b" " * (2**20 + 1), headers=headers)),
        (
            415,
            await send(
                server,
                agency.staff,
                content=b"{}",
                headers={**headers, "Content-Type": "text/plain"},
            ),
        ),
        (405, await send(server, agency.staff, "GET", params={"query": POST}, headers=headers)),
    ]
    for status, response in refused:
        assert response.status_code == status
        assert response.headers["Content-Type"].startswith(CLASSIC)
        assert code(response)


@BOTH
async def test_a_stream_goes_on_after_a_place(agency: Agency, server: Watched, accept: str) -> None:
    order_id, after = await agency.book(), None
    told: list[str] = []
    for turn in range(3):
        await server.ask(agency.manager, POST, id=order_id, text=f"before {turn}")
        async with streaming(
            server, agency.staff, FEED, accept, id=order_id, after=after
        ) as stream:
            while not told or told[-1] != f"during {turn}":
                event = await stream.event()
                after = event["cursor"]
                if event["type"] == "READY":
                    text = f"during {turn}"
                    await server.ask(agency.manager, POST, id=order_id, text=text)
                else:
                    told.append(event["entry"]["text"])
    assert told == ["during 0", "before 1", "during 1", "before 2", "during 2"]


@BOTH
async def test_the_last_event_counts_more_than_the_argument(
    agency: Agency, server: Watched, accept: str
) -> None:
    order_id, places = await agency.book(), []
    for text in ("one", "two", "three"):
        posted = await server.ask(agency.manager, POST, id=order_id, text=text)
        places.append(posted["postMessage"]["cursor"])
    headers = {"Last-Event-ID": places[1]}
    async with streaming(
        server, agency.staff, FEED, accept, headers=headers, id=order_id, after=places[0]
    ) as stream:
        assert await stream.texts(last="three") == ["three"]


async def test_a_last_event_that_is_none_is_refused(
    agency: Agency, server: Watched, database: Database, hub: Hub
) -> None:
    body = orjson.dumps({"query": FEED, "variables": {"id": await agency.book()}})
    headers = {"Accept": EVENTS, "Last-Event-ID": "junk"}
    refused = await send(server, agency.staff, content=body, headers=headers)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["extensions"]["field"] == "Last-Event-ID"
    other = await Agency.make(database, hub)
    posted = await server.ask(other.staff, POST, id=await other.book(), text="x")
    headers["Last-Event-ID"] = posted["postMessage"]["cursor"]
    told = await send(server, agency.staff, content=body, headers=headers)
    assert "another agency" in told.text
    assert told.text.endswith("event: complete\ndata:\n\n")


async def test_an_unknown_hash_is_told_as_well(agency: Agency, server: Watched) -> None:
    given: dict[str, Any] = {"documentId": "sha256:x"}
    response = await send(
        server, agency.staff, content=orjson.dumps(given), headers={"Accept": EVENTS}
    )
    assert "PERSISTED_QUERY_NOT_FOUND" in response.text
    assert response.text.endswith("event: complete\ndata:\n\n")
