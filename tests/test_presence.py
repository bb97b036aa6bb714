"""Who is at an order and who types there: told to those who may know, and kept nowhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing

import orjson
import pytest
from factories import Agency
from following import SECONDS
from present import PRESENCE, present, service_of, types
from shared_streams import sent

from core import ids
from core.database import Database
from models import Order, new_id
from server.answers import Answer
from server.embedded import Valkey
from subscriptions import bus, room, rooms
from subscriptions.hub import Hub

FEW = 3


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less to wait for."""
    monkeypatch.setattr(rooms, "PACE_S", 0.01)
    monkeypatch.setattr(rooms, "BEAT_S", 0.1)
    monkeypatch.setattr(room, "LOST_S", 0.5)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is taken to type for long."""
    monkeypatch.setattr(room, "TYPING_S", 2)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with tests is not taken for an outage."""
    monkeypatch.setattr(bus, "PUBLISH_TIMEOUT_S", SECONDS)
    monkeypatch.setattr(rooms, "PATIENCE_S", SECONDS)
    monkeypatch.setattr(rooms, "SETTLING_S", 1)
    monkeypatch.setattr(rooms, "FRESH_S", SECONDS)


async def test_whoever_follows_an_order_is_there_as_long_as_they_do(
    agency: Agency, order: str
) -> None:
    async with present(agency, agency.admin, order) as admin:
        await admin.sees(Ada="here")
        async with present(agency, agency.contractor, order) as contractor:
            await contractor.sees(Ada="here", Cleo="here")
            assert len(contractor.told) == 1, "all is told at once"
            await admin.sees(Ada="here", Cleo="here")
        await admin.sees(Ada="here")


async def test_who_has_several_windows_is_one_person(agency: Agency, order: str) -> None:
    async with present(agency, agency.admin, order) as admin:
        async with present(agency, agency.staff, order):
            async with present(agency, agency.staff, order) as second:
                await second.sees(Ada="here", Sam="here")
            async with present(agency, agency.manager, order) as manager:
                await manager.sees(Ada="here", Mia="here", Sam="here")
        await admin.sees(Ada="here")


async def test_who_is_hidden_sees_and_is_not_seen(agency: Agency, order: str) -> None:
    async with (
        present(agency, agency.staff, order) as staff,
        present(agency, agency.admin, order, hidden=True) as admin,
    ):
        await admin.sees(Sam="here")
        async with present(agency, agency.manager, order):
            await admin.sees(Sam="here", Mia="here")
            await staff.sees(Sam="here", Mia="here")
    assert not any("Ada Admin" in told for told in staff.told)


@pytest.mark.usefixtures("hasty", "short")
async def test_typing_is_shown_and_ends_by_itself(agency: Agency, order: str) -> None:
    service = await service_of(agency, order)
    async with present(agency, agency.admin, order) as admin:
        await admin.sees(Ada="here")
        await types(agency, agency.staff, order, orderServiceId=service["id"])
        await admin.sees(Ada="here", Sam=f"types about {service['name']}")
        await admin.sees(Ada="here")


async def test_typing_is_ended_by_a_message_by_a_word_and_by_another_order(
    agency: Agency, order: str
) -> None:
    another = await agency.book()
    async with present(agency, agency.staff, order) as staff:
        for name, given in (
            ("postMessage", {"orderId": order, "text": "Hello"}),
            ("signalTyping", {"orderId": order, "isTyping": False}),
            ("signalTyping", {"orderId": another}),
        ):
            assert (await types(agency, agency.admin, order))["signalTyping"] == {"seconds": 8}
            await staff.sees(Ada="types", Sam="here")
            kind = name[0].upper() + name[1:]
            end = f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ __typename }} }}"
            assert not (await agency.ask(agency.admin, end, input=given)).errors
            await staff.sees(Sam="here")


async def test_those_who_type_come_first_and_a_crowd_is_counted(
    agency: Agency, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SHOWN", 1)
    people = (agency.admin, agency.manager, agency.staff)
    async with AsyncExitStack() as stack:
        for each in people:
            await stack.enter_async_context(present(agency, each, order))
        watched = agency.watch(agency.admin, PRESENCE, order=order)
        stream = await stack.enter_async_context(watched)
        for each in people:
            await types(agency, each, order)
            event = (await anext(stream))["orderPresence"]
            while [one["person"]["name"] for one in event["people"]] != [each.name]:
                event = (await anext(stream))["orderPresence"]
            assert event["total"] == FEW
            await types(agency, each, order, isTyping=False)


@pytest.mark.usefixtures("patient")
async def test_processes_tell_each_other(agency: Agency, elsewhere: Agency, order: str) -> None:
    async with present(agency, agency.admin, order) as admin:
        await admin.sees(Ada="here")
        async with present(elsewhere, agency.staff, order) as staff:
            await staff.sees(Ada="here", Sam="here")
            assert len(staff.told) == 1, "who is elsewhere is told at once"
            await types(elsewhere, agency.contractor, order)
            await admin.sees(Ada="here", Sam="here", Cleo="types")
            await agency.do(agency.contractor, "postMessage", orderId=order, text="Hello")
            await admin.sees(Ada="here", Sam="here")
            await staff.sees(Ada="here", Sam="here")
        await admin.sees(Ada="here")


@pytest.mark.usefixtures("hasty")
async def test_without_redis_one_sees_the_own_process(
    agency: Agency, elsewhere: Agency, order: str, valkey: Valkey
) -> None:
    async with (
        present(agency, agency.admin, order) as admin,
        present(elsewhere, agency.staff, order) as staff,
    ):
        await admin.sees(Ada="here", Sam="here")
        valkey.stop()
        try:
            await admin.sees(Ada="here")
            await staff.sees(Sam="here")
            async with present(agency, agency.manager, order) as manager:
                await manager.sees(Ada="here", Mia="here")
        finally:
            valkey.start()
        await admin.sees(Ada="here", Sam="here")
        await staff.sees(Ada="here", Sam="here")


@pytest.mark.parametrize("role", ["customer", "stranger", "idle", "outsider"])
async def test_who_may_not_use_the_chat_is_told_nothing(
    agency: Agency, database: Database, hub: Hub, role: str
) -> None:
    order, theirs = await agency.book(), await Agency.make(database, hub)
    by = {"idle": agency.contractor, "outsider": theirs.admin}.get(role) or getattr(agency, role)
    code = "FORBIDDEN" if role == "customer" else "NOT_FOUND"
    async with present(agency, agency.admin, order) as admin:
        await admin.sees(Ada="here")
        async with present(agency, by, order) as refused:
            await refused.until(lambda: refused.ended)
        refusal = await types(agency, by, order)
        for error in (refused.errors[0]["extensions"], refusal.error):
            assert error["code"] == code
            assert error.get("field") == (None if code == "FORBIDDEN" else "orderId")
        assert not (await types(agency, agency.staff, order)).errors
        await admin.sees(Ada="here", Sam="types")
    assert not refused.told
    assert all(len(told) == 1 or "Sam Staff" in told for told in admin.told)


async def test_what_is_not_there_is_not_found(agency: Agency, order: str) -> None:
    other = await service_of(agency, await agency.book())
    unknown = ids.encode(Order, new_id())
    for given, field in (
        ({"orderId": unknown}, "orderId"),
        ({"orderServiceId": other["id"]}, "orderServiceId"),
    ):
        error = (await types(agency, agency.admin, order, **given)).error
        assert (error["code"], error["field"]) == ("NOT_FOUND", field)


@pytest.mark.usefixtures("patient")
async def test_it_is_kept_nowhere_and_costs_next_to_nothing(
    agency: Agency, order: str, statements: list[str]
) -> None:
    async def head() -> str:
        return str((await agency.ask(agency.admin, "{ cursor }"))["cursor"])

    before = await head()
    statements.clear()
    for _ in range(50):
        await types(agency, agency.staff, order)
    assert len(statements) == 1, "whether it is allowed, once"
    async with present(agency, agency.admin, order) as admin:
        await admin.sees(Ada="here", Sam="types")
    assert not [each for each in statements if not each.startswith("SELECT")]
    assert await head() == before


async def test_staff_who_ask_alike_get_the_same_bytes(agency: Agency, order: str) -> None:
    people = (agency.staff, agency.manager, agency.contractor)
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(aclosing(sent(agency, by, PRESENCE, {"order": order})))
            for by in people
        ]
        for stream in streams:
            await anext(stream)
        for is_typing in [True, False] * 5:  # at times, two ask in two moments
            await types(agency, agency.admin, order, isTyping=is_typing)
            staff, manager, contractor = [await _next(stream, is_typing) for stream in streams]
            assert staff.json == manager.json == contractor.json
            assert staff is not contractor
            assert staff.place is None
            if staff is manager:
                break
        else:
            pytest.fail("nothing was shared")


async def _next(stream: AsyncIterator[Answer], is_typing: bool) -> Answer:
    """The first answer in which one more types who is not there otherwise, or does not."""
    async with asyncio.timeout(SECONDS):
        while True:
            answer = await anext(stream)
            everybody = orjson.loads(answer.json)["data"]["orderPresence"]["people"]
            if len(everybody) == FEW + is_typing:
                return answer


async def test_a_person_follows_so_many_at_a_time(
    agency: Agency, order: str, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.rooms._quota, "_limit", 1)  # noqa: SLF001 - its limit is 50
    async with present(agency, agency.staff, order) as staff:
        await staff.sees(Sam="here")
        async with present(agency, agency.staff, order) as second:
            await second.until(lambda: second.ended)
        assert second.errors[0]["extensions"]["code"] == "UNAVAILABLE"
    async with present(agency, agency.staff, order) as again:
        await again.sees(Sam="here")
