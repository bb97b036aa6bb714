"""Mentions: who is told, and who can not be."""

import pytest
from chat_queries import (
    assign,
    delete,
    edit,
    entries,
    hire,
    names,
    post,
    rows,
    say,
    service_of,
    stored,
    unassign,
)
from factories import Agency

from core import ids
from models import Audience, JobRole, Kind, LogEntry, Mention, Message, Permission

MINE = """query ($first: Int, $after: Cursor) { mentionsOfViewer(first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor }
  edges { node { person { name } jobRole message { text order { id } } } }
} }"""
TEXT = {"code": "BAD_USER_INPUT", "field": "text"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Hi @Nobody Here!", "@Nobody is nobody who can be mentioned."),
        ("@Mia Manager @Zoë?", "@Zoë is nobody who can be mentioned."),
        ("@Mia", "@Mia is nobody who can be mentioned: did you mean @Mia Manager?"),
        (
            "@mia manger, look",
            "@mia manger is nobody who can be mentioned: did you mean @Mia Manager?",
        ),
        (
            "@Mia\nMangaer",
            "@Mia Mangaer is nobody who can be mentioned: did you mean @Mia Manager?",
        ),
        ("a@b.c @Zed@b.c", "@Zed is nobody who can be mentioned."),
        ("@" + "x" * 9000, f"@{'x' * 50} is nobody who can be mentioned."),
        ("@Cleo Contractor", "Cleo Contractor may not see this order."),
        ("@carl customer, hi", "Carl Customer is a customer and can't see the chat."),
        ("@Carl\n Customer", "Carl Customer is a customer and can't see the chat."),
        ("@Stan Stranger", "Stan Stranger is a customer and can't see the chat."),
        ("@Carl Customers", "@Carl is nobody who can be mentioned."),
    ],
)
async def test_a_mention_of_somebody_who_can_not_read_it_is_refused(
    agency: Agency, text: str, message: str
) -> None:
    order = await agency.book()
    before = await stored(agency)
    answer = await say(agency, order, text)
    assert answer.error == TEXT
    assert answer.errors[0]["message"] == message
    assert await stored(agency) == before


async def test_a_contractor_does_not_learn_who_is_a_customer(agency: Agency) -> None:
    order = await agency.book()
    await assign(agency, order)
    answer = await say(agency, order, "@Stan Stranger", by=agency.contractor)
    assert answer.errors[0]["message"] == "@Stan is nobody who can be mentioned."
    answer = await say(agency, order, "@Carl Customer", by=agency.contractor)
    assert answer.errors[0]["message"] == "Carl Customer is a customer and can't see the chat."


async def test_people_of_another_agency_can_not_be_mentioned(agency: Agency) -> None:
    other = await Agency.make(agency.database, agency.hub)
    await hire(other, "Olga Other")
    order = await agency.book()
    assert (await say(agency, order, "@Olga Other")).error == TEXT
    assert await rows(agency, Message) == []


async def test_a_message_mentions_50_people_at_most(agency: Agency) -> None:
    for i in range(50):
        await hire(agency, f"Vera {i}", Permission.STAFF, JobRole.VIDEO_EDITOR)
    order = await agency.book()
    assert len((await post(agency, order, "@Video Editor"))["mentions"]) == 50
    before = await stored(agency)
    assert (await say(agency, order, "@Video Editor @Ada Admin")).error == TEXT
    assert await stored(agency) == before


async def test_a_text_full_of_mentions_is_one_mention(agency: Agency) -> None:
    message = await post(agency, await agency.book(), "@Ada Admin\n" * 900)
    assert names(message) == ["Ada Admin"]


async def test_each_person_who_is_mentioned_is_told_alone(agency: Agency) -> None:
    order = await agency.book()
    service = (await service_of(agency, order))["id"]
    before = await rows(agency, LogEntry)
    message = await post(agency, order, "@Mia Manager, @Ada Admin", orderServiceId=service)
    posted, *told = await entries(agency, after=before)
    assert posted["kind"] is Kind.MESSAGE_POSTED
    mentions = {row["id"]: row for row in await rows(agency, Mention)}
    assert {entry["recipient_id"] for entry in told} == {agency.manager.id, agency.admin.id}
    for entry in told:
        mention = mentions[entry["subject_id"]]
        assert entry["kind"] is Kind.PERSON_MENTIONED
        assert entry["audience"] is Audience.PERSON
        assert entry["recipient_id"] == mention["person_id"]
        assert entry["order_service_id"] == ids.decode(service, "id")[1]
        assert entry["params"] == {"message": message["id"]}


async def test_an_edit_tells_only_those_who_are_new(agency: Agency) -> None:
    message = await post(agency, await agency.book(), "@Mia Manager, @Ada Admin")
    before = await rows(agency, LogEntry)
    [kept] = [r for r in await rows(agency, Mention) if r["person_id"] == agency.manager.id]
    extra = await hire(agency, "Vera")
    answer = await edit(agency, message, "@Mia Manager, @Vera")
    assert names(answer["editMessage"]["message"]) == ["Mia Manager", "Vera"]
    edited, told = await entries(agency, after=before)
    assert (edited["kind"], told["kind"]) == (Kind.MESSAGE_EDITED, Kind.PERSON_MENTIONED)
    assert told["recipient_id"] == extra.id
    assert kept in await rows(agency, Mention)


async def test_an_edit_from_a_name_to_a_role_tells_nobody_again(agency: Agency) -> None:
    message = await post(agency, await agency.book(), "@Mia Manager")
    before = await rows(agency, LogEntry)
    answer = await edit(agency, message, "@Project Manager")
    assert answer["editMessage"]["message"]["mentions"] == [
        {"person": {"name": "Mia Manager"}, "jobRole": "PROJECT_MANAGER"}
    ]
    [edited] = await entries(agency, after=before)
    assert edited["kind"] is Kind.MESSAGE_EDITED


async def test_an_edit_that_mentions_nobody_who_is_there_changes_nothing(agency: Agency) -> None:
    message = await post(agency, await agency.book(), "@Mia Manager")
    before = await stored(agency)
    assert (await edit(agency, message, "@Nobody")).error == TEXT
    assert await stored(agency) == before


async def test_a_deleted_message_mentions_nobody(agency: Agency) -> None:
    answer = await delete(agency, await post(agency, await agency.book(), "@Mia Manager"))
    assert answer["deleteMessage"]["message"]["mentions"] == []
    assert await rows(agency, Mention) == []
    answer = await agency.ask(agency.manager, MINE)
    assert answer["mentionsOfViewer"]["totalCount"] == 0


async def test_a_person_finds_where_they_are_mentioned_newest_first(agency: Agency) -> None:
    order = await agency.book()
    for text in ("@Mia Manager 1", "@Ada Admin 2", "@Project Manager 3", "@Mia Manager 4"):
        await post(agency, order, text)
    page = (await agency.ask(agency.manager, MINE, first=2))["mentionsOfViewer"]
    assert page["totalCount"] == 3
    assert [edge["node"]["message"]["text"] for edge in page["edges"]] == [
        "@Mia Manager 4",
        "@Project Manager 3",
    ]
    assert page["edges"][1]["node"]["jobRole"] == "PROJECT_MANAGER"
    assert page["edges"][0]["node"]["message"]["order"] == {"id": order}
    after = page["pageInfo"]["endCursor"]
    page = (await agency.ask(agency.manager, MINE, first=2, after=after))["mentionsOfViewer"]
    assert [edge["node"]["message"]["text"] for edge in page["edges"]] == ["@Mia Manager 1"]
    assert not page["pageInfo"]["hasNextPage"]


async def test_everybody_in_the_chat_sees_whom_a_message_mentions(agency: Agency) -> None:
    order = await agency.book()
    await assign(agency, order)
    await post(agency, order, "@Mia Manager")
    document = (
        "query ($id: ID!) { order(id: $id) { lastMessage { mentions { person { name } } } } }"
    )
    for person in (agency.admin, agency.staff, agency.manager, agency.contractor):
        answer = await agency.ask(person, document, id=order)
        assert answer["order"]["lastMessage"]["mentions"] == [{"person": {"name": "Mia Manager"}}]


async def test_who_is_assigned_no_more_finds_no_mentions_there(agency: Agency) -> None:
    order = await agency.book()
    await assign(agency, order)
    await post(agency, order, "@Cleo Contractor")
    assert (await agency.ask(agency.contractor, MINE))["mentionsOfViewer"]["totalCount"] == 1
    await unassign(agency, order)
    page = (await agency.ask(agency.contractor, MINE))["mentionsOfViewer"]
    assert (page["totalCount"], page["edges"]) == (0, [])


async def test_customers_have_no_mentions(agency: Agency) -> None:
    await post(agency, await agency.book(), "@Mia Manager")
    page = (await agency.ask(agency.customer, MINE))["mentionsOfViewer"]
    assert (page["totalCount"], page["edges"]) == (0, [])
