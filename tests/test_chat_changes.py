"""Messages that are changed and deleted."""

import pytest
from chat_queries import LAST, READ, assign, delete, edit, entries, post, rows, stored, unassign
from factories import Agency

from models import Kind, LogEntry, Message

NOT_FOUND = {"code": "NOT_FOUND", "field": "id"}


async def test_an_author_changes_a_message(agency: Agency) -> None:
    message = await post(agency, await agency.book(), "Helo")
    edited = (await edit(agency, message, "Hello", expectedVersion=1))["editMessage"]["message"]
    assert (edited["text"], edited["version"]) == ("Hello", 2)
    assert edited["editedAt"] is not None
    assert edited["createdAt"] == message["createdAt"]


async def test_an_edit_is_one_entry_of_the_log_without_the_texts(agency: Agency) -> None:
    message = await post(agency, await agency.book(), "Before")
    before = await rows(agency, LogEntry)
    await edit(agency, message, "After")
    [entry] = await entries(agency, after=before)
    assert (entry["kind"], entry["subject_version"]) == (Kind.MESSAGE_EDITED, 2)
    assert entry["params"] == {"changes": {"text": [None, None]}}


async def test_an_edit_that_changes_nothing_writes_nothing(agency: Agency) -> None:
    message = await post(agency, await agency.book(), "Same")
    before = await stored(agency)
    assert (await edit(agency, message, "Same "))["editMessage"]["message"] == message
    assert await stored(agency) == before


@pytest.mark.parametrize("name", ["admin", "manager", "contractor"])
async def test_nobody_else_may_edit_a_message(agency: Agency, name: str) -> None:
    order = await agency.book()
    await assign(agency, order)
    message = await post(agency, order)
    before = await stored(agency)
    answer = await edit(agency, message, "Mine", by=getattr(agency, name))
    assert answer.error == {"code": "FORBIDDEN"}
    assert await stored(agency) == before


@pytest.mark.parametrize("name", ["contractor", "customer", "stranger"])
async def test_for_those_outside_there_is_no_message(agency: Agency, name: str) -> None:
    message = await post(agency, await agency.book())
    before = await stored(agency)
    person = getattr(agency, name)
    assert (await edit(agency, message, "Mine", by=person)).error == NOT_FOUND
    assert (await delete(agency, message, by=person)).error == NOT_FOUND
    assert await stored(agency) == before


async def test_an_author_who_is_assigned_no_more_may_not_edit(agency: Agency) -> None:
    order = await agency.book()
    await assign(agency, order)
    message = await post(agency, order, "Mine", by=agency.contractor)
    await unassign(agency, order)
    answer = await edit(agency, message, "Still mine", by=agency.contractor)
    assert answer.error == NOT_FOUND
    assert (await rows(agency, Message))[0]["text"] == "Mine"


async def test_an_edit_of_an_old_version_is_a_conflict(agency: Agency) -> None:
    message = await post(agency, await agency.book())
    await edit(agency, message, "Second")
    before = await stored(agency)
    answer = await edit(agency, message, "Third", expectedVersion=1)
    assert answer.error == {
        "code": "CONFLICT",
        "field": "expectedVersion",
        "version": 2,
        "fields": ["text"],
    }
    assert await stored(agency) == before


async def test_a_deleted_message_can_not_be_edited(agency: Agency) -> None:
    message = await post(agency, await agency.book())
    await delete(agency, message)
    before = await stored(agency)
    answer = await edit(agency, message, "Back")
    assert answer.error == {"code": "CONFLICT", "field": "id"}
    assert await stored(agency) == before


@pytest.mark.parametrize("text", ["", "x" * 100_000, "a\x00b"], ids=["empty", "100 kB", "null"])
async def test_an_edit_to_a_text_that_is_none_is_refused(agency: Agency, text: str) -> None:
    message = await post(agency, await agency.book())
    before = await stored(agency)
    answer = await edit(agency, message, text)
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "text"}
    assert await stored(agency) == before


@pytest.mark.parametrize("name", ["staff", "admin"])
async def test_its_author_and_admins_may_delete_a_message(agency: Agency, name: str) -> None:
    message = await post(agency, await agency.book())
    answer = await delete(agency, message, by=getattr(agency, name))
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
    answer = await delete(agency, message, by=getattr(agency, name))
    assert answer.error == {"code": "FORBIDDEN"}
    assert await stored(agency) == before


async def test_a_deletion_is_one_entry_of_the_log(agency: Agency) -> None:
    message = await post(agency, await agency.book())
    before = await rows(agency, LogEntry)
    await delete(agency, message, by=agency.admin)
    [entry] = await entries(agency, after=before)
    assert (entry["kind"], entry["actor_id"]) == (Kind.MESSAGE_DELETED, agency.admin.id)
    [deleted] = await rows(agency, Message)
    when = deleted["deleted_at"].isoformat()
    assert entry["params"] == {"changes": {"text": [None, None], "deleted_at": [None, when]}}


async def test_deleting_again_changes_nothing(agency: Agency) -> None:
    message = await post(agency, await agency.book())
    await delete(agency, message)
    before = await stored(agency)
    answer = await delete(agency, message, by=agency.admin)
    assert answer["deleteMessage"]["message"]["text"] is None
    assert await stored(agency) == before


async def test_the_text_of_a_deleted_message_is_gone_from_everywhere(agency: Agency) -> None:
    order = await agency.book()
    message = await post(agency, order, "My password is swordfish @Mia Manager")
    await edit(agency, message, "It was swordfish")
    await delete(agency, message)
    assert "swordfish" not in repr(await stored(agency))
    answer = await agency.ask(agency.staff, READ, id=message["id"])
    assert answer["node"]["text"] is None
    assert answer["node"]["deletedAt"] is not None
    answer = await agency.ask(agency.staff, LAST, ids=[order])
    assert answer["nodes"] == [{"lastMessage": {"text": None}}]
