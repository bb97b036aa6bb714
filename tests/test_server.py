"""Several server processes, real sockets: what the whole is for."""

import signal
from collections.abc import AsyncIterator

import pytest
from factories import Agency
from processes import Process, serve

from core.database import Database
from server.embedded import Postgres, Valkey

FEED = """subscription ($id: ID!, $after: Cursor) { orderFeed(orderId: $id, after: $after) {
  type cursor kind entry { ... on Message { text } ... on Activity { summary } }
} }"""
MENTIONS = """subscription ($after: Cursor) { mentions(after: $after) {
  type cursor mention { message { text } }
} }"""
POST = """mutation ($id: ID!, $text: String!) { postMessage(input: {orderId: $id, text: $text}) {
  cursor message { id }
} }"""
SET_STATUS = """mutation ($id: ID!, $status: OrderStatus!) {
  setOrderStatus(input: {id: $id, status: $status}) { cursor }
}"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Valkey:
    """A broker that only these tests use, so that they may stop it."""
    return Valkey(tmp_path_factory.mktemp("broker"))


@pytest.fixture(scope="module")
async def two(
    postgres: Postgres, database: Database, broker: Valkey
) -> AsyncIterator[tuple[Process, Process]]:
    """Two server processes over one database and one broker."""
    del database  # migrated is all it has to be
    with broker:
        async with serve(postgres.url, broker.url) as one, serve(postgres.url, broker.url) as two:
            yield one, two


async def test_what_is_done_through_one_process_arrives_through_the_other(
    agency: Agency, two: tuple[Process, Process]
) -> None:
    here, there = two
    order_id = await agency.book()
    async with here.socket(agency.manager) as socket:
        await socket.subscribe("feed", FEED, id=order_id)
        assert (await socket.event("feed"))["type"] == "READY"
        await socket.subscribe("mentions", MENTIONS)
        assert (await socket.event("mentions"))["type"] == "READY"

        await there.ask(agency.staff, POST, id=order_id, text="@Mia Manager look")
        told = [await socket.receive(), await socket.receive()]
        by_id = {each["id"]: each["payload"]["data"] for each in told}
        message = by_id["feed"]["orderFeed"]
        mention = by_id["mentions"]["mentions"]
        assert message["entry"] == {"text": "@Mia Manager look"}
        assert mention["mention"] == {"message": {"text": "@Mia Manager look"}}

        done = await there.ask(agency.staff, SET_STATUS, id=order_id, status="IN_PROGRESS")
        activity = await socket.event("feed")
        assert activity["entry"] == {
            "summary": "changed the order status from pending to in progress"
        }
        assert activity["cursor"] == done["setOrderStatus"]["cursor"]
        cursor = activity["cursor"]
        socket.cut()

    await there.ask(agency.staff, POST, id=order_id, text="missed 1")
    await there.ask(agency.staff, SET_STATUS, id=order_id, status="COMPLETED")
    await here.ask(agency.staff, POST, id=order_id, text="missed 2")
    async with there.socket(agency.manager) as socket:
        await socket.subscribe("feed", FEED, id=order_id, after=cursor)
        missed = [await socket.event("feed") for _ in range(4)]
        assert [(event["type"], event["kind"]) for event in missed] == [
            ("CHANGE", "MESSAGE_POSTED"),
            ("CHANGE", "ORDER_STATUS_CHANGED"),
            ("CHANGE", "MESSAGE_POSTED"),
            ("READY", None),
        ]


async def test_nothing_is_lost_while_the_broker_is_away(
    agency: Agency, two: tuple[Process, Process], broker: Valkey
) -> None:
    here, there = two
    order_id = await agency.book()
    async with here.socket(agency.manager) as socket:
        await socket.subscribe("feed", FEED, id=order_id)
        assert (await socket.event("feed"))["type"] == "READY"
        await there.ask(agency.staff, POST, id=order_id, text="with")
        assert (await socket.event("feed"))["entry"] == {"text": "with"}
        broker.stop()
        await there.ask(agency.staff, POST, id=order_id, text="without")
        without = await socket.event("feed")
        assert without["entry"] == {"text": "without"}
        socket.cut()
    await there.ask(agency.staff, POST, id=order_id, text="missed")
    async with here.socket(agency.manager) as socket:
        await socket.subscribe("feed", FEED, id=order_id, after=without["cursor"])
        assert (await socket.event("feed"))["entry"] == {"text": "missed"}
        assert (await socket.event("feed"))["type"] == "READY"
        broker.start()
        await there.ask(agency.staff, POST, id=order_id, text="again")
        assert (await socket.event("feed"))["entry"] == {"text": "again"}


async def test_a_killed_server_loses_nothing(
    agency: Agency, postgres: Postgres, two: tuple[Process, Process], broker: Valkey
) -> None:
    _, there = two
    order_id = await agency.book()
    async with serve(postgres.url, broker.url) as doomed:
        async with doomed.socket(agency.manager) as socket:
            await socket.subscribe("feed", FEED, id=order_id)
            ready = await socket.event("feed")
            doomed.process.kill()
        await there.ask(agency.staff, POST, id=order_id, text="meanwhile")
    async with there.socket(agency.manager) as socket:
        await socket.subscribe("feed", FEED, id=order_id, after=ready["cursor"])
        assert (await socket.event("feed"))["entry"] == {"text": "meanwhile"}


async def test_a_server_that_stood_still_sends_nobody_away_and_loses_nothing(
    agency: Agency, two: tuple[Process, Process]
) -> None:
    here, there = two
    order_id, texts = await agency.book(), [str(number) for number in range(20)]
    async with here.socket(agency.manager) as socket, there.socket(agency.manager) as other:
        for each in (socket, other):
            await each.subscribe("feed", FEED, id=order_id)
            assert (await each.event("feed"))["type"] == "READY"
        here.process.send_signal(signal.SIGSTOP)
        try:
            for text in texts:
                await there.ask(agency.staff, POST, id=order_id, text=text)
            assert [(await other.event("feed"))["entry"]["text"] for _ in texts] == texts
        finally:
            here.process.send_signal(signal.SIGCONT)
        assert [(await socket.event("feed"))["entry"]["text"] for _ in texts] == texts
        await here.ask(agency.staff, POST, id=order_id, text="again")
        assert (await socket.event("feed"))["entry"]["text"] == "again"
