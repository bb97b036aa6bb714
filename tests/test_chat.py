"""Messages: who posts and who reads them."""

import asyncio

import pytest
from chat_queries import LAST, MESSAGE, READ, assign, entries, post, rows, say, service_of, stored
from factories import Agency

from core import ids
from models import Audience, Kind, LogEntry, Message, new_id

NOT_FOUND = {"code": "NOT_FOUND", "field": "orderId"}


async def test_a_message_is_posted_about_an_order(agency: Agency) -> None:
    order = await agency.book()
    message = await post(agency, order, "Hello\nthere")
    assert message | {"id": "", "createdAt": ""} == {
        "id": "",
        "version": 1,
        "text": "Hello\nthere",
        "author": {"name": "Sam Staff"},
        "order": {"id": order},
        "orderService": None,
        "createdAt": "",
        "editedAt": None,
        "deletedAt": None,
        "mentions": [],
    }


async def test_a_message_is_posted_about_a_service_of_the_order(agency: Agency) -> None:
    order = await agency.book()
    service = await service_of(agency, order)
    message = await post(agency, order, orderServiceId=service["id"])
    assert message["orderService"] == {"name": service["name"]}
    [entry] = [e for e in await rows(agency, LogEntry) if e["kind"] is Kind.MESSAGE_POSTED]
    assert ids.encode(Message, entry["subject_id"]) == message["id"]
    assert entry["order_service_id"] == ids.decode(service["id"], "id")[1]


async def test_posting_is_one_entry_of_the_log_without_the_text(agency: Agency) -> None:
    order = await agency.book()
    before = await rows(agency, LogEntry)
    await post(agency, order, "A secret")
    [entry] = await entries(agency, after=before)
    assert (entry["kind"], entry["audience"]) == (Kind.MESSAGE_POSTED, Audience.STAFF)
    assert (entry["actor_id"], entry["subject_version"]) == (agency.staff.id, 1)
    assert entry["params"] == {}


async def test_a_client_may_choose_the_id_of_a_message(agency: Agency) -> None:
    chosen = ids.encode(Message, new_id())
    assert (await post(agency, await agency.book(), id=chosen))["id"] == chosen


async def test_a_message_with_a_taken_id_is_a_conflict(agency: Agency) -> None:
    order = await agency.book()
    taken = (await post(agency, order))["id"]
    before = await stored(agency)
    answer = await say(agency, order, id=taken)
    assert answer.error == {"code": "CONFLICT", "field": "id"}
    assert await stored(agency) == before


async def test_a_retry_posts_once(agency: Agency) -> None:
    order = await agency.book()
    one, other = await asyncio.gather(
        *(say(agency, order, "Once", idempotencyKey="phone-1") for _ in range(2))
    )
    assert one["postMessage"] == other["postMessage"]
    assert len(await rows(agency, Message)) == 1


async def test_white_space_at_the_ends_of_a_message_is_dropped(agency: Agency) -> None:
    assert (await post(agency, await agency.book(), " \n Hi \t"))["text"] == "Hi"


@pytest.mark.parametrize("name", ["admin", "staff", "contractor"])
async def test_admins_staff_and_the_assigned_may_post(agency: Agency, name: str) -> None:
    order = await agency.book()
    await assign(agency, order)
    person = getattr(agency, name)
    assert (await post(agency, order, by=person))["author"] == {"name": person.name}


@pytest.mark.parametrize(
    ("name", "error"),
    [("contractor", NOT_FOUND), ("stranger", NOT_FOUND), ("customer", {"code": "FORBIDDEN"})],
)
async def test_nobody_else_may_post(agency: Agency, name: str, error: dict[str, str]) -> None:
    order = await agency.book()
    before = await stored(agency)
    assert (await say(agency, order, by=getattr(agency, name))).error == error
    assert await stored(agency) == before


async def test_nobody_posts_in_another_agency(agency: Agency) -> None:
    other = await Agency.make(agency.database, agency.hub)
    order = await other.book()
    assert (await say(agency, order, by=agency.admin)).error == NOT_FOUND
    assert await rows(other, Message) == []


@pytest.mark.parametrize(
    "text",
    ["", " \n\t ", "\u3000\u00a0", "x" * 10_001, "x" * 100_000, "a\x00b", "a\x1b[1m", "a\x85b"],
    ids=["empty", "blank", "wide blank", "long", "100 kB", "null", "escape", "next line"],
)
async def test_a_text_that_is_none_is_refused(agency: Agency, text: str) -> None:
    order = await agency.book()
    before = await stored(agency)
    answer = await say(agency, order, text)
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "text"}
    assert await stored(agency) == before


async def test_a_text_of_10_000_characters_is_kept_as_it_is(agency: Agency) -> None:
    longest = "🏡" * 10_000
    assert (await post(agency, await agency.book(), longest))["text"] == longest


async def test_a_service_of_another_order_is_refused(agency: Agency) -> None:
    order, other = await agency.book(), await agency.book()
    service = await service_of(agency, other)
    before = await stored(agency)
    answer = await say(agency, order, orderServiceId=service["id"])
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "orderServiceId"}
    assert await stored(agency) == before


async def test_a_service_that_the_author_does_not_see_is_not_there(agency: Agency) -> None:
    order, other = await agency.book(), await agency.book()
    await assign(agency, order)
    service = await service_of(agency, other)
    answer = await say(agency, order, by=agency.contractor, orderServiceId=service["id"])
    assert answer.error == {"code": "NOT_FOUND", "field": "orderServiceId"}
    assert await rows(agency, Message) == []


@pytest.mark.parametrize("name", ["admin", "staff", "contractor"])
async def test_the_agency_reads_the_chat(agency: Agency, name: str) -> None:
    order = await agency.book()
    await assign(agency, order)
    message = await post(agency, order)
    person = getattr(agency, name)
    assert (await agency.ask(person, READ, id=message["id"]))["node"]["text"] == "Hello"
    answer = await agency.ask(person, LAST, ids=[order])
    assert answer["nodes"] == [{"lastMessage": {"text": "Hello"}}]


@pytest.mark.parametrize("name", ["contractor", "customer", "stranger"])
async def test_those_outside_see_no_message(agency: Agency, name: str) -> None:
    message = await post(agency, await agency.book())
    answer = await agency.ask(getattr(agency, name), READ, id=message["id"])
    assert answer["node"] is None


async def test_customers_see_no_last_message_of_their_order(agency: Agency) -> None:
    order = await agency.book()
    await post(agency, order)
    answer = await agency.ask(agency.customer, LAST, ids=[order])
    assert answer["nodes"] == [{"lastMessage": None}]


async def test_the_last_message_is_the_newest_of_the_order_and_its_services(
    agency: Agency,
) -> None:
    first, second, silent = [await agency.book() for _ in range(3)]
    service = await service_of(agency, first)
    await post(agency, first, "Order")
    await post(agency, first, "Service", orderServiceId=service["id"])
    await post(agency, second, "Other")
    answer = await agency.ask(agency.staff, LAST, ids=[silent, second, first])
    assert answer["nodes"] == [
        {"lastMessage": None},
        {"lastMessage": {"text": "Other"}},
        {"lastMessage": {"text": "Service"}},
    ]


async def test_messages_that_are_posted_at_once_stand_in_the_order_of_the_log(
    agency: Agency,
) -> None:
    order = await agency.book()
    await asyncio.gather(*(post(agency, order) for _ in range(8)))
    messages = sorted(await rows(agency, Message), key=lambda row: row["created_at"])
    posted = [e for e in await rows(agency, LogEntry) if e["kind"] is Kind.MESSAGE_POSTED]
    assert [row["id"] for row in messages] == [entry["subject_id"] for entry in posted]


async def test_last_messages_are_one_statement(agency: Agency, statements: list[str]) -> None:
    orders = [await agency.book() for _ in range(5)]
    for order in orders:
        await post(agency, order)
        await post(agency, order)
    sent = []
    for some in (orders[:1], orders):
        statements.clear()
        await agency.ask(agency.staff, LAST, ids=some)
        sent.append(list(statements))
    assert [len(each) for each in sent] == [2, 2]
    assert sent[0] == sent[1]


async def test_messages_with_all_they_show_are_a_constant_number_of_statements(
    agency: Agency, statements: list[str]
) -> None:
    order = await agency.book()
    service = await service_of(agency, order)
    document = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Message {{ {MESSAGE} }} }} }}"
    messages = [
        (await post(agency, order, "@Ada Admin, @Mia Manager", orderServiceId=service["id"]))["id"]
        for _ in range(4)
    ]
    counts = []
    for some in (messages[:1], messages):
        statements.clear()
        answer = await agency.ask(agency.staff, document, ids=some)
        assert len(answer["nodes"]) == len(some)
        counts.append(len(statements))
    assert counts == [6, 6]


async def test_posting_takes_a_constant_number_of_statements(
    agency: Agency, statements: list[str]
) -> None:
    order = await agency.book()
    counts = []
    for text in ("Hi", "To ada@example.com @ 5", "@Ada Admin", "@Ada Admin, @Mia Manager!"):
        statements.clear()
        await agency.do(agency.staff, "postMessage", orderId=order, text=text)
        counts.append(len([each for each in statements if "pg_catalog" not in each]))
    assert counts[:2] == [3, 3]
    assert counts[2] == counts[3] <= 7
