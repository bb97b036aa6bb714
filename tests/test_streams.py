"""Subscriptions: what was missed, then what comes, once each and in order."""

import asyncio

import pytest
from factories import Agency, typed
from following import SECONDS, following, until_ready
from sqlalchemy import delete
from storage import session_of

from core import ids
from core.cursors import Cursor
from models import LogEntry, Order, new_id

FEED = """subscription ($id: ID!, $after: Cursor, $include: [FeedKind!], $service: ID) {
  orderFeed(orderId: $id, after: $after, include: $include, orderServiceId: $service) {
    type cursor kind
    entry { __typename ... on Message { text author { name } } ... on Activity { summary } }
} }"""
MENTIONS = """subscription ($after: Cursor) { mentions(after: $after) {
  type cursor mention { message { text } jobRole }
} }"""
ACTIVITY = """subscription ($filter: ActivityFilter, $after: Cursor) {
  activity(filter: $filter, after: $after) { type cursor activity { kind actor { name } } }
}"""
ORDERS = """subscription ($filter: OrderFilter, $after: Cursor) {
  ordersChanged(filter: $filter, after: $after) { type cursor kind fits order { id status } }
}"""


async def test_a_feed_tells_messages_and_activity_as_they_come(agency: Agency) -> None:
    order_id = await agency.book()
    async with agency.watch(agency.staff, FEED, id=order_id) as stream:
        assert len(await until_ready(stream, "orderFeed")) == 1
        posted = await agency.do(
            agency.manager, "postMessage", "message { id }", orderId=order_id, text="Hello"
        )
        event = await following(stream, "orderFeed")
        assert event["entry"] == {
            "__typename": "Message",
            "text": "Hello",
            "author": {"name": "Mia Manager"},
        }
        assert event["cursor"] == posted["postMessage"]["cursor"]
        await agency.do(agency.manager, "setOrderStatus", id=order_id, status="IN_PROGRESS")
        event = await following(stream, "orderFeed")
        assert event["entry"] == {
            "__typename": "Activity",
            "summary": "changed the order status from pending to in progress",
        }


async def test_after_replays_what_was_missed_and_goes_over_to_live(agency: Agency) -> None:
    order_id = await agency.book()
    first = await agency.do(agency.staff, "postMessage", orderId=order_id, text="1")
    for text in ("2", "3"):
        await agency.do(agency.staff, "postMessage", orderId=order_id, text=text)
    after = first["postMessage"]["cursor"]
    async with agency.watch(agency.staff, FEED, id=order_id, after=after) as stream:
        events = await until_ready(stream, "orderFeed")
        assert [e["entry"] and e["entry"]["text"] for e in events] == ["2", "3", None]  # type: ignore[index]
        await agency.do(agency.staff, "postMessage", orderId=order_id, text="4")
        assert (await following(stream, "orderFeed"))["kind"] == "MESSAGE_POSTED"


async def test_nothing_is_lost_or_doubled_while_others_write(agency: Agency) -> None:
    order_id = await agency.book()
    start = await agency.do(agency.staff, "postMessage", orderId=order_id, text="start")
    cursor = start["postMessage"]["cursor"]

    async def write(name: str) -> None:
        for i in range(15):
            await agency.do(agency.staff, "postMessage", orderId=order_id, text=f"{name}{i}")

    writers = asyncio.gather(*(write(name) for name in "abc"))
    texts: list[str] = []
    while len(texts) < 45:
        # Each time, a few events only; then the stream is cut, and resumed.
        async with agency.watch(
            agency.staff, FEED, id=order_id, after=cursor, include=["MESSAGES"]
        ) as stream:
            for _ in range(4):
                if len(texts) == 45:
                    break
                event = await following(stream, "orderFeed")
                cursor = event["cursor"]
                if event["type"] == "CHANGE":
                    texts.append(event["entry"]["text"])  # type: ignore[index]
    await writers
    assert sorted(texts) == sorted(f"{name}{i}" for name in "abc" for i in range(15))
    for name in "abc":
        mine = [text for text in texts if text.startswith(name)]
        assert mine == [f"{name}{i}" for i in range(15)]


async def test_a_feed_can_leave_out_activity(agency: Agency) -> None:
    order_id = await agency.book()
    async with agency.watch(agency.staff, FEED, id=order_id, include=["MESSAGES"]) as stream:
        await until_ready(stream, "orderFeed")
        await agency.do(agency.staff, "setOrderStatus", id=order_id, status="IN_PROGRESS")
        await agency.do(agency.staff, "postMessage", orderId=order_id, text="Hi")
        assert (await following(stream, "orderFeed"))["kind"] == "MESSAGE_POSTED"


async def test_mentions_reach_the_one_who_is_mentioned_and_nobody_else(agency: Agency) -> None:
    order_id = await agency.book()
    async with (
        agency.watch(agency.manager, MENTIONS) as hers,
        agency.watch(agency.staff, MENTIONS) as his,
    ):
        await until_ready(hers, "mentions")
        await until_ready(his, "mentions")
        await agency.do(
            agency.admin, "postMessage", orderId=order_id, text="@Mia Manager, please look"
        )
        await agency.do(agency.admin, "postMessage", orderId=order_id, text="@Photo Editor: go")
        event = await following(hers, "mentions")
        assert event["mention"] == {
            "message": {"text": "@Mia Manager, please look"},
            "jobRole": None,
        }
        event = await following(his, "mentions")
        assert event["mention"] == {
            "message": {"text": "@Photo Editor: go"},
            "jobRole": "PHOTO_EDITOR",
        }


async def test_activity_is_filtered(agency: Agency) -> None:
    order_id = await agency.book()
    wanted = {"kind": ["PAYMENT_STATUS_CHANGED"], "actorId": [typed(agency.admin)]}
    async with agency.watch(agency.staff, ACTIVITY, filter=wanted) as stream:
        await until_ready(stream, "activity")
        await agency.do(agency.admin, "setOrderStatus", id=order_id, status="IN_PROGRESS")
        await agency.do(agency.staff, "setPaymentStatus", id=order_id, paymentStatus="PAID")
        await agency.do(agency.admin, "setPaymentStatus", id=order_id, paymentStatus="UNPAID")
        event = await following(stream, "activity")
        assert event["activity"] == {
            "kind": "PAYMENT_STATUS_CHANGED",
            "actor": {"name": "Ada Admin"},
        }


async def test_a_board_sees_orders_come_and_go(agency: Agency) -> None:
    order_id, other = await agency.book(), await agency.book()
    wanted = {"status": {"in": ["IN_PROGRESS"]}}
    async with agency.watch(agency.staff, ORDERS, filter=wanted) as stream:
        await until_ready(stream, "ordersChanged")
        await agency.do(agency.staff, "postMessage", orderId=other, text="Not on the board")
        for status, fits in (("IN_PROGRESS", True), ("COMPLETED", False), ("IN_PROGRESS", True)):
            await agency.do(agency.staff, "setOrderStatus", id=order_id, status=status)
            event = await following(stream, "ordersChanged")
            assert (event["kind"], event["fits"]) == ("ORDER_STATUS_CHANGED", fits)
            assert event["order"] == {"id": order_id, "status": status}
        await agency.do(agency.staff, "postMessage", orderId=order_id, text="On the board")
        assert (await following(stream, "ordersChanged"))["kind"] == "MESSAGE_POSTED"


async def test_a_customer_hears_of_own_orders_only_and_never_the_chat(agency: Agency) -> None:
    mine = await agency.book()
    other = await agency.book(customerId=typed(agency.stranger))
    async with agency.watch(agency.customer, FEED, id=mine) as stream:
        await until_ready(stream, "orderFeed")
        await agency.do(agency.staff, "postMessage", orderId=mine, text="Secret")
        await agency.do(agency.staff, "updateOrderNotes", id=mine, notes="Secret")
        await agency.do(agency.staff, "setOrderStatus", id=other, status="IN_PROGRESS")
        await agency.do(agency.staff, "setOrderStatus", id=mine, status="COMPLETED")
        assert (await following(stream, "orderFeed"))["kind"] == "ORDER_STATUS_CHANGED"
    async with agency.watch(agency.customer, FEED, id=other) as stream:
        async with asyncio.timeout(SECONDS):
            answer = await anext(stream)
        assert answer.error == {"code": "NOT_FOUND", "field": "orderId"}


@pytest.mark.parametrize("after", ["nonsense", "AAAA", "", "é"])
async def test_a_broken_cursor_is_refused(agency: Agency, after: str) -> None:
    async with agency.watch(agency.staff, ACTIVITY, after=after) as stream:
        async with asyncio.timeout(SECONDS):
            answer = await anext(stream)
        assert answer.error == {"code": "BAD_USER_INPUT", "field": "after"}


async def test_a_cursor_that_the_log_does_not_know_gets_a_resync_and_goes_on(
    agency: Agency,
) -> None:
    order_id = await agency.book()
    made = await agency.do(agency.staff, "postMessage", orderId=order_id, text="1")
    cursor = made["postMessage"]["cursor"]
    forged = cursor[:-1] + ("A" if cursor[-1] != "A" else "Q")
    async with agency.watch(agency.staff, FEED, id=order_id, after=forged) as stream:
        events = await until_ready(stream, "orderFeed")
        assert [event["type"] for event in events] == ["RESYNC", "READY"]
        assert events[0]["cursor"] == cursor
        await agency.do(agency.staff, "postMessage", orderId=order_id, text="2")
        assert (await following(stream, "orderFeed"))["kind"] == "MESSAGE_POSTED"


async def test_what_is_no_longer_in_the_log_gets_a_resync(agency: Agency) -> None:
    order_id, places = await agency.book(), []
    for text in "abc":
        posted = await agency.do(agency.staff, "postMessage", orderId=order_id, text=text)
        places.append(posted["postMessage"]["cursor"])
    forgotten, last_forgotten, kept = places
    mine = LogEntry.organization_id == agency.organization.id
    async with session_of(agency.database) as session:  # as nobody should
        seq = Cursor.parse(last_forgotten, "").seq
        await session.execute(delete(LogEntry).where(mine, LogEntry.seq <= seq))
    for place, told in (
        (kept, ["READY"]),
        (forgotten, ["RESYNC", "READY"]),
        (last_forgotten, ["RESYNC", "READY"]),
    ):
        async with agency.watch(agency.staff, FEED, id=order_id, after=place) as stream:
            assert [e["type"] for e in await until_ready(stream, "orderFeed")] == told
            await agency.do(agency.staff, "postMessage", orderId=order_id, text="more")
            assert (await following(stream, "orderFeed"))["kind"] == "MESSAGE_POSTED"


async def test_an_unknown_order_has_no_feed(agency: Agency) -> None:
    unknown = ids.encode(Order, new_id())
    async with agency.watch(agency.staff, FEED, id=unknown) as stream:
        async with asyncio.timeout(SECONDS):
            answer = await anext(stream)
        assert answer.error == {"code": "NOT_FOUND", "field": "orderId"}
