"""The chat of an order: who writes, changes, deletes and reads what."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from factories import Agency, Answer, typed
from sqlalchemy import select

from core import ids
from core.cursors import Cursor
from models import Audience, Kind, LogEntry, Mention, Message, Order, ReadMarker, new_id

MESSAGE = (
    "message { id version text author { name } order { id } orderService { name } "
    "createdAt editedAt deletedAt mentions { person { name } } }"
)
READ = "query ($id: ID!) { node(id: $id) { id ... on Message { version text deletedAt } } }"
LAST = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { lastMessage { text } } } }"
SERVICES = "query ($id: ID!) { order(id: $id) { services { id name } } }"
NOT_FOUND = {"code": "NOT_FOUND", "field": "orderId"}


async def rows(agency: Agency, table: Any) -> list[dict[str, Any]]:
    """All that is stored in a table for the agency, oldest first."""
    columns = list(table.__table__.columns)
    statement = select(*columns).where(table.organization_id == agency.organization.id)
    key = table.seq if table is LogEntry else table.id
    async with agency.database.read() as session:
        return [dict(row) for row in (await session.execute(statement.order_by(key))).mappings()]


async def stored(agency: Agency) -> list[Any]:
    """All that an action of the chat may change."""
    return [await rows(agency, table) for table in (Message, Mention, ReadMarker, LogEntry)]


async def assign(agency: Agency, order: str) -> None:
    """Put the contractor on the team of an order."""
    given = {"id": order, "personId": typed(agency.contractor)}
    (await agency.do(agency.staff, "addTeamMember", **given))["addTeamMember"]


async def post(agency: Agency, order: str, text: str = "Hello", **more: Any) -> Any:
    """A new message of the staff, as the API shows it."""
    answer = await agency.do(agency.staff, "postMessage", MESSAGE, orderId=order, text=text, **more)
    return answer["postMessage"]["message"]


async def service_of(agency: Agency, order: str) -> dict[str, str]:
    """The first service of an order."""
    answer = await agency.ask(agency.staff, SERVICES, id=order)
    service: dict[str, str] = answer["order"]["services"][0]
    return service


# Posting


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
    before = len(await rows(agency, LogEntry))
    await post(agency, order, "A secret")
    [entry] = (await rows(agency, LogEntry))[before:]
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
    answer = await agency.do(agency.staff, "postMessage", orderId=order, text="Hi", id=taken)
    assert answer.error == {"code": "CONFLICT", "field": "id"}
    assert await stored(agency) == before


async def test_a_retry_posts_once(agency: Agency) -> None:
    order = await agency.book()
    given = {"orderId": order, "text": "Once", "idempotencyKey": "phone-1"}
    first, second = await asyncio.gather(
        *(agency.do(agency.staff, "postMessage", MESSAGE, **given) for _ in range(2))
    )
    assert first["postMessage"] == second["postMessage"]
    assert len(await rows(agency, Message)) == 1


async def test_white_space_at_the_ends_of_a_message_is_dropped(agency: Agency) -> None:
    assert (await post(agency, await agency.book(), " \n Hi \t"))["text"] == "Hi"


@pytest.mark.parametrize("name", ["admin", "staff", "contractor"])
async def test_admins_staff_and_the_assigned_may_post(agency: Agency, name: str) -> None:
    order = await agency.book()
    await assign(agency, order)
    person = getattr(agency, name)
    answer = await agency.do(person, "postMessage", MESSAGE, orderId=order, text="Hi")
    assert answer["postMessage"]["message"]["author"] == {"name": person.name}


@pytest.mark.parametrize(
    ("name", "error"),
    [("contractor", NOT_FOUND), ("stranger", NOT_FOUND), ("customer", {"code": "FORBIDDEN"})],
)
async def test_nobody_else_may_post(agency: Agency, name: str, error: dict[str, str]) -> None:
    order = await agency.book()
    before = await stored(agency)
    answer = await agency.do(getattr(agency, name), "postMessage", orderId=order, text="Hi")
    assert answer.error == error
    assert await stored(agency) == before


async def test_nobody_posts_in_another_agency(agency: Agency) -> None:
    other = await Agency.make(agency.database, agency.hub)
    order = await other.book()
    answer = await agency.do(agency.admin, "postMessage", orderId=order, text="Hi")
    assert answer.error == NOT_FOUND
    assert await rows(other, Message) == []


@pytest.mark.parametrize(
    "text",
    ["", " \n\t ", "\u3000\u00a0", "x" * 10_001, "x" * 100_000, "a\x00b", "a\x1b[1m", "a\x85b"],
    ids=["empty", "blank", "wide blank", "long", "100 kB", "null", "escape", "next line"],
)
async def test_a_text_that_is_none_is_refused(agency: Agency, text: str) -> None:
    order = await agency.book()
    before = await stored(agency)
    answer = await agency.do(agency.staff, "postMessage", orderId=order, text=text)
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "text"}
    assert await stored(agency) == before


async def test_a_text_of_10_000_characters_is_kept_as_it_is(agency: Agency) -> None:
    longest = "🏡" * 10_000
    assert (await post(agency, await agency.book(), longest))["text"] == longest


async def test_a_service_of_another_order_is_refused(agency: Agency) -> None:
    order, other = await agency.book(), await agency.book()
    service = await service_of(agency, other)
    before = await stored(agency)
    given = {"orderId": order, "orderServiceId": service["id"], "text": "Hi"}
    answer = await agency.do(agency.staff, "postMessage", **given)
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "orderServiceId"}
    assert await stored(agency) == before


async def test_a_service_that_the_author_does_not_see_is_not_there(agency: Agency) -> None:
    order, other = await agency.book(), await agency.book()
    await assign(agency, order)
    service = await service_of(agency, other)
    given = {"orderId": order, "orderServiceId": service["id"], "text": "Hi"}
    answer = await agency.do(agency.contractor, "postMessage", **given)
    assert answer.error == {"code": "NOT_FOUND", "field": "orderServiceId"}
    assert await rows(agency, Message) == []


# Editing


async def test_an_author_changes_a_message(agency: Agency) -> None:
    message = await post(agency, await agency.book(), "Helo")
    given = {"id": message["id"], "text": "Hello", "expectedVersion": 1}
    answer = await agency.do(agency.staff, "editMessage", MESSAGE, **given)
    edited = answer["editMessage"]["message"]
    assert (edited["text"], edited["version"]) == ("Hello", 2)
    assert edited["editedAt"] is not None
    assert edited["createdAt"] == message["createdAt"]


async def test_an_edit_is_one_entry_of_the_log_without_the_texts(agency: Agency) -> None:
    message = await post(agency, await agency.book(), "Before")
    before = len(await rows(agency, LogEntry))
    await agency.do(agency.staff, "editMessage", id=message["id"], text="After")
    [entry] = (await rows(agency, LogEntry))[before:]
    assert (entry["kind"], entry["subject_version"]) == (Kind.MESSAGE_EDITED, 2)
    assert entry["params"] == {"changes": {"text": [None, None]}}


async def test_an_edit_that_changes_nothing_writes_nothing(agency: Agency) -> None:
    message = await post(agency, await agency.book(), "Same")
    before = await stored(agency)
    answer = await agency.do(agency.staff, "editMessage", MESSAGE, id=message["id"], text="Same ")
    assert answer["editMessage"]["message"] == message
    assert await stored(agency) == before


@pytest.mark.parametrize("name", ["admin", "manager", "contractor"])
async def test_nobody_else_may_edit_a_message(agency: Agency, name: str) -> None:
    order = await agency.book()
    await assign(agency, order)
    message = await post(agency, order)
    before = await stored(agency)
    person = getattr(agency, name)
    answer = await agency.do(person, "editMessage", id=message["id"], text="Mine")
    assert answer.error == {"code": "FORBIDDEN"}
    assert await stored(agency) == before


@pytest.mark.parametrize("action", ["editMessage", "deleteMessage"])
@pytest.mark.parametrize("name", ["contractor", "customer", "stranger"])
async def test_for_those_outside_there_is_no_message(
    agency: Agency, action: str, name: str
) -> None:
    message = await post(agency, await agency.book())
    before = await stored(agency)
    given = {"text": "Mine"} if action == "editMessage" else {}
    answer = await agency.do(getattr(agency, name), action, id=message["id"], **given)
    assert answer.error == {"code": "NOT_FOUND", "field": "id"}
    assert await stored(agency) == before


async def test_an_author_who_is_assigned_no_more_may_not_edit(agency: Agency) -> None:
    order = await agency.book()
    await assign(agency, order)
    answer = await agency.do(agency.contractor, "postMessage", MESSAGE, orderId=order, text="Mine")
    message = answer["postMessage"]["message"]
    given = {"id": order, "personId": typed(agency.contractor)}
    (await agency.do(agency.staff, "removeTeamMember", **given))["removeTeamMember"]
    answer = await agency.do(agency.contractor, "editMessage", id=message["id"], text="Still mine")
    assert answer.error == {"code": "NOT_FOUND", "field": "id"}
    assert (await rows(agency, Message))[0]["text"] == "Mine"


async def test_an_edit_of_an_old_version_is_a_conflict(agency: Agency) -> None:
    message = await post(agency, await agency.book())
    await agency.do(agency.staff, "editMessage", id=message["id"], text="Second")
    before = await stored(agency)
    given = {"id": message["id"], "text": "Third", "expectedVersion": 1}
    answer = await agency.do(agency.staff, "editMessage", **given)
    assert answer.error == {
        "code": "CONFLICT",
        "field": "expectedVersion",
        "version": 2,
        "fields": ["text"],
    }
    assert await stored(agency) == before


async def test_a_deleted_message_can_not_be_edited(agency: Agency) -> None:
    message = await post(agency, await agency.book())
    await agency.do(agency.staff, "deleteMessage", id=message["id"])
    before = await stored(agency)
    answer = await agency.do(agency.staff, "editMessage", id=message["id"], text="Back")
    assert answer.error == {"code": "CONFLICT", "field": "id"}
    assert await stored(agency) == before


@pytest.mark.parametrize("text", ["", "x" * 100_000, "a\x00b"], ids=["empty", "100 kB", "null"])
async def test_an_edit_to_a_text_that_is_none_is_refused(agency: Agency, text: str) -> None:
    message = await post(agency, await agency.book())
    before = await stored(agency)
    answer = await agency.do(agency.staff, "editMessage", id=message["id"], text=text)
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "text"}
    assert await stored(agency) == before


# Deleting


@pytest.mark.parametrize("name", ["staff", "admin"])
async def test_its_author_and_admins_may_delete_a_message(agency: Agency, name: str) -> None:
    message = await post(agency, await agency.book())
    person = getattr(agency, name)
    answer = await agency.do(person, "deleteMessage", MESSAGE, id=message["id"])
    deleted = answer["deleteMessage"]["message"]
    assert (deleted["text"], deleted["version"]) == (None, 2)
    assert deleted["deletedAt"] is not None
    assert deleted["author"] == {"name": "Sam Staff"}


@pytest.mark.parametrize("name", ["manager", "contractor"])
async def test_nobody_else_may_delete_a_message(agency: Agency, name: str) -> None:
    order = await agency.book()
    await assign(agency, order)
    message = await post(agency, order)
    before = await stored(agency)
    answer = await agency.do(getattr(agency, name), "deleteMessage", id=message["id"])
    assert answer.error == {"code": "FORBIDDEN"}
    assert await stored(agency) == before


async def test_a_deletion_is_one_entry_of_the_log(agency: Agency) -> None:
    message = await post(agency, await agency.book())
    before = len(await rows(agency, LogEntry))
    await agency.do(agency.admin, "deleteMessage", id=message["id"])
    [entry] = (await rows(agency, LogEntry))[before:]
    assert (entry["kind"], entry["actor_id"]) == (Kind.MESSAGE_DELETED, agency.admin.id)
    [deleted] = await rows(agency, Message)
    when = deleted["deleted_at"].isoformat()
    assert entry["params"] == {"changes": {"deleted_at": [None, when]}}


async def test_deleting_again_changes_nothing(agency: Agency) -> None:
    message = await post(agency, await agency.book())
    await agency.do(agency.staff, "deleteMessage", id=message["id"])
    before = await stored(agency)
    answer = await agency.do(agency.admin, "deleteMessage", MESSAGE, id=message["id"])
    assert answer["deleteMessage"]["message"]["text"] is None
    assert await stored(agency) == before


async def test_the_text_of_a_deleted_message_is_gone_from_everywhere(agency: Agency) -> None:
    order = await agency.book()
    message = await post(agency, order, "My password is swordfish @Mia Manager")
    await agency.do(agency.staff, "editMessage", id=message["id"], text="It was swordfish")
    await agency.do(agency.staff, "deleteMessage", id=message["id"])
    assert "swordfish" not in repr(await stored(agency))
    answer = await agency.ask(agency.staff, READ, id=message["id"])
    assert answer["node"]["text"] is None
    assert answer["node"]["deletedAt"] is not None
    answer = await agency.ask(agency.staff, LAST, ids=[order])
    assert answer["nodes"] == [{"lastMessage": {"text": None}}]


# Reading


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
    document = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Message {{ {MESSAGE[10:]} }} }}"
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
    assert counts[:2] == [4, 4]
    assert counts[2] == counts[3] <= 7


# Marking as read


async def cursor(agency: Agency) -> str:
    """The place after everything that has happened at the agency."""
    entry = (await rows(agency, LogEntry))[-1]
    return str(Cursor.at(agency.organization.id, entry["seq"], entry["id"]))


async def read(agency: Agency, order: str, up_to: str, *, by: str = "staff") -> Answer:
    """What the API answers to somebody who has read an order up to a place."""
    given = {"orderId": order, "upTo": up_to}
    return await agency.do(getattr(agency, by), "markRead", "order { id }", **given)


async def test_a_person_marks_an_order_as_read(agency: Agency) -> None:
    order = await agency.book()
    before = await rows(agency, LogEntry)
    answer = await read(agency, order, await cursor(agency))
    assert answer["markRead"]["order"] == {"id": order}
    [marker] = await rows(agency, ReadMarker)
    head = before[-1]["seq"]
    assert (marker["person_id"], marker["seq"]) == (agency.staff.id, head)
    [entry] = (await rows(agency, LogEntry))[len(before) :]
    assert (entry["kind"], entry["audience"]) == (Kind.ORDER_READ, Audience.PERSON)
    assert entry["recipient_id"] == agency.staff.id
    assert ids.encode(Order, entry["subject_id"]) == order
    assert entry["params"]["read"] == [0, head]


async def test_reading_further_moves_the_marker(agency: Agency) -> None:
    order = await agency.book()
    await read(agency, order, await cursor(agency))
    await post(agency, order)
    latest = await cursor(agency)
    await read(agency, order, latest)
    [marker] = await rows(agency, ReadMarker)
    assert marker["seq"] == Cursor.parse(latest, "").seq
    first, second = [e for e in await rows(agency, LogEntry) if e["kind"] is Kind.ORDER_READ]
    assert second["params"]["read"] == [first["params"]["read"][1], marker["seq"]]


async def test_what_was_read_already_changes_nothing(agency: Agency) -> None:
    order = await agency.book()
    early = await cursor(agency)
    await post(agency, order)
    await read(agency, order, await cursor(agency))
    before = await stored(agency)
    answer = await read(agency, order, early)
    assert answer["markRead"]["order"] == {"id": order}
    assert await stored(agency) == before


async def test_the_very_beginning_of_the_log_changes_nothing(agency: Agency) -> None:
    order = await agency.book()
    before = await stored(agency)
    answer = await read(agency, order, str(Cursor.at(agency.organization.id, 0, None)))
    assert answer["markRead"]["order"] == {"id": order}
    assert await stored(agency) == before


async def test_each_person_has_a_marker_of_their_own_for_each_order(agency: Agency) -> None:
    for order in [await agency.book(), await agency.book()]:
        await assign(agency, order)
        for name in ("admin", "staff", "contractor"):
            (await read(agency, order, await cursor(agency), by=name))["markRead"]
    assert len(await rows(agency, ReadMarker)) == 6


async def test_two_devices_that_read_at_once_leave_the_further_place(agency: Agency) -> None:
    order = await agency.book()
    early = await cursor(agency)
    await post(agency, order)
    late = await cursor(agency)
    answers = await asyncio.gather(*(read(agency, order, each) for each in (late, early) * 3))
    assert all(answer["markRead"]["order"] == {"id": order} for answer in answers)
    [marker] = await rows(agency, ReadMarker)
    assert marker["seq"] == Cursor.parse(late, "").seq


@pytest.mark.parametrize(
    ("name", "error"),
    [("contractor", NOT_FOUND), ("stranger", NOT_FOUND), ("customer", {"code": "FORBIDDEN"})],
)
async def test_nobody_outside_marks_an_order_as_read(
    agency: Agency, name: str, error: dict[str, str]
) -> None:
    order = await agency.book()
    before = await stored(agency)
    assert (await read(agency, order, await cursor(agency), by=name)).error == error
    assert await stored(agency) == before


@pytest.mark.parametrize("ahead", [1, 2**63, 2**64 - 1])
async def test_a_place_beyond_the_end_of_the_log_is_refused(agency: Agency, ahead: int) -> None:
    order = await agency.book()
    before = await stored(agency)
    seq = min(before[-1][-1]["seq"] + ahead, 2**64 - 1)
    answer = await read(agency, order, str(Cursor.at(agency.organization.id, seq, new_id())))
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "upTo"}
    assert await stored(agency) == before


async def test_a_place_in_the_log_of_another_agency_is_refused(agency: Agency) -> None:
    order = await agency.book()
    before = await stored(agency)
    answer = await read(agency, order, str(Cursor.at(uuid4(), 1, new_id())))
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "upTo"}
    assert await stored(agency) == before


async def test_what_is_no_cursor_is_refused(agency: Agency) -> None:
    order = await agency.book()
    before = await stored(agency)
    assert (await read(agency, order, "page 2")).error == {
        "code": "BAD_USER_INPUT",
        "field": "upTo",
    }
    assert await stored(agency) == before
