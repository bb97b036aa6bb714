"""Mentions: whom the text of a message names, and who is told."""

import unicodedata
from typing import Any

import pytest
from factories import Agency, Answer, typed
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core import ids
from models import (
    Audience,
    JobRole,
    Kind,
    LogEntry,
    Mention,
    Message,
    Permission,
    Person,
    new_id,
)
from resolvers.mentions import find, fold

MENTIONS = "message { id version mentions { person { name } jobRole } }"
MINE = """query ($first: Int, $after: Cursor) { mentionsOfViewer(first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor }
  edges { node { person { name } jobRole message { text order { id } } } }
} }"""
TEXT = {"code": "BAD_USER_INPUT", "field": "text"}


async def rows(agency: Agency, table: Any) -> list[dict[str, Any]]:
    """All that is stored in a table for the agency, oldest first."""
    columns = list(table.__table__.columns)
    statement = select(*columns).where(table.organization_id == agency.organization.id)
    key = table.seq if table is LogEntry else table.id
    async with agency.database.read() as session:
        return [dict(row) for row in (await session.execute(statement.order_by(key))).mappings()]


async def stored(agency: Agency) -> list[Any]:
    """All that a message may change."""
    return [await rows(agency, table) for table in (Message, Mention, LogEntry)]


async def hire(
    agency: Agency, name: str, permission: Permission = Permission.STAFF, *roles: JobRole
) -> Person:
    """Another person at the agency."""
    person = Person(
        organization_id=agency.organization.id,
        id=new_id(),
        name=name,
        email=f"{new_id()}@example.com",
        permission=permission,
        job_roles=list(roles),
    )
    async with agency.database.transaction() as session:
        session.add(person)
    return person


async def assign(agency: Agency, order: str) -> None:
    """Put the contractor on the team of an order."""
    answer = await agency.do(
        agency.staff, "addTeamMember", id=order, personId=typed(agency.contractor)
    )
    assert not answer.errors


async def say(agency: Agency, order: str, text: str, by: Person | None = None) -> Answer:
    """What the API answers to a message by the staff, or somebody else."""
    return await agency.do(by or agency.staff, "postMessage", MENTIONS, orderId=order, text=text)


async def mentioned(agency: Agency, text: str, by: Person | None = None) -> list[str]:
    """The names of those whom a message mentions, in alphabetical order."""
    return names((await say(agency, await agency.book(), text, by))["postMessage"])


def names(payload: Any) -> list[str]:
    """The names of those whom the message of a payload mentions, in alphabetical order."""
    return sorted(mention["person"]["name"] for mention in payload["message"]["mentions"])


# Whom a text names


@pytest.mark.parametrize(
    "text",
    [
        "@Mia Manager",
        "Ask @Mia Manager.",
        "(@mia manager)",
        "@MIA MANAGER's idea",
        "@Mia Manager, @mia manager",
        "Hi\n@Mia Manager\nbye",
        "@@Mia Manager",
        "@Mia\N{NO-BREAK SPACE}Manager",
    ],
)
async def test_a_name_after_an_at_mentions_the_person(agency: Agency, text: str) -> None:
    assert await mentioned(agency, text) == ["Mia Manager"]


@pytest.mark.parametrize(
    "text",
    [
        "Mia Manager",
        "@ Mia Manager",
        "ada@example.com",
        "ada.@mia.manager.com a+@b.c a-@b.c a_@b.c 7@b.c",
        "jose\u0301@example.com",
        "2 @ 5 $",
        "@5 pm",
        "@",
        "@_ @- @@",
    ],
)
async def test_what_is_no_mention_mentions_nobody(agency: Agency, text: str) -> None:
    assert await mentioned(agency, text) == []


@pytest.mark.parametrize(
    "name",
    [
        "José Núñez",
        "O'Brien",
        "Anne-Marie",
        "J. R. Ewing Jr.",
        "Żółć",
        "李小龍",
        "राम",
        "Groß",
        "İpek",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
async def test_names_of_all_the_world_can_be_mentioned(
    agency: Agency, name: str, form: Any
) -> None:
    await hire(agency, name)
    text = f"@{unicodedata.normalize(form, name)}, please"
    assert await mentioned(agency, text) == [name]


async def test_a_curly_apostrophe_is_an_apostrophe(agency: Agency) -> None:
    await hire(agency, "Pat O'Brien")
    assert await mentioned(agency, "@Pat O\N{RIGHT SINGLE QUOTATION MARK}Brien!") == ["Pat O'Brien"]


async def test_the_longest_name_is_meant(agency: Agency) -> None:
    for name in ("Ann", "Ann Lee", "Ann Lee Jones"):
        await hire(agency, name)
    assert await mentioned(agency, "@Ann Lee Johnson") == ["Ann Lee"]
    assert await mentioned(agency, "@ann lee jones") == ["Ann Lee Jones"]


@pytest.mark.parametrize("text", ["@Anna", "@Ann1", "@Ann\u0301a", "@Annй"])
async def test_a_part_of_a_word_is_no_name(agency: Agency, text: str) -> None:
    await hire(agency, "Ann")
    order = await agency.book()
    before = await stored(agency)
    assert (await say(agency, order, text)).error == TEXT
    assert await stored(agency) == before


async def test_all_people_of_a_name_are_mentioned(agency: Agency) -> None:
    await hire(agency, "Kim Lee")
    await hire(agency, "kim lee", Permission.ADMIN)
    assert await mentioned(agency, "@Kim Lee") == ["Kim Lee", "kim lee"]


async def test_of_people_with_one_name_only_those_who_see_the_order_are_mentioned(
    agency: Agency,
) -> None:
    staff = await hire(agency, "Kim Lee")
    await hire(agency, "Kim Lee", Permission.CONTRACTOR)
    await hire(agency, "Kim Lee", Permission.CUSTOMER)
    assert await mentioned(agency, "@Kim Lee") == ["Kim Lee"]
    assert [row["person_id"] for row in await rows(agency, Mention)] == [staff.id]


async def test_a_role_mentions_everybody_with_it_who_sees_the_order(agency: Agency) -> None:
    await hire(agency, "Vera", Permission.STAFF, JobRole.VIDEO_EDITOR, JobRole.PHOTO_EDITOR)
    await hire(agency, "Away", Permission.CONTRACTOR, JobRole.VIDEO_EDITOR)
    order = await agency.book()
    answer = await say(agency, order, "@video editor: ready")
    assert names(answer["postMessage"]) == ["Vera"]
    await assign(agency, order)
    answer = await say(agency, order, "@Video Editor: ready")
    assert names(answer["postMessage"]) == ["Cleo Contractor", "Vera"]
    roles = {m["jobRole"] for m in answer["postMessage"]["message"]["mentions"]}
    assert roles == {"VIDEO_EDITOR"}


async def test_a_role_that_nobody_has_mentions_nobody(agency: Agency) -> None:
    assert await mentioned(agency, "@Account Executive?") == []


@pytest.mark.parametrize(
    "text", ["@Mia Manager and @Project Manager", "@Project Manager, @Mia Manager above all"]
)
async def test_who_is_mentioned_by_name_and_by_role_is_mentioned_by_name(
    agency: Agency, text: str
) -> None:
    answer = await say(agency, await agency.book(), text)
    [mention] = answer["postMessage"]["message"]["mentions"]
    assert mention == {"person": {"name": "Mia Manager"}, "jobRole": None}


async def test_of_two_roles_the_first_one_counts(agency: Agency) -> None:
    await hire(agency, "Vera", Permission.STAFF, JobRole.VIDEO_EDITOR, JobRole.CUSTOMER_SUCCESS)
    answer = await say(agency, await agency.book(), "@Video Editor, @Customer Success")
    [mention] = answer["postMessage"]["message"]["mentions"]
    assert mention == {"person": {"name": "Vera"}, "jobRole": "VIDEO_EDITOR"}


async def test_a_person_who_is_called_like_a_role_is_mentioned_with_it(agency: Agency) -> None:
    await hire(agency, "Project Manager", Permission.CONTRACTOR)
    await hire(agency, "project manager")
    found = await mentioned(agency, "@Project Manager")
    assert found == ["Mia Manager", "project manager"]


async def test_authors_do_not_mention_themselves(agency: Agency) -> None:
    assert await mentioned(agency, "@Sam Staff and @Photo Editor") == []
    assert Kind.PERSON_MENTIONED not in {e["kind"] for e in await rows(agency, LogEntry)}


async def test_a_contractor_mentions_people_of_the_agency(agency: Agency) -> None:
    order = await agency.book()
    await assign(agency, order)
    answer = await say(agency, order, "@Ada Admin", agency.contractor)
    assert names(answer["postMessage"]) == ["Ada Admin"]


# Whom it can't name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Hi @Nobody Here!", "@Nobody is nobody who can be mentioned."),
        ("@Mia Manager @Zoë?", "@Zoë is nobody who can be mentioned."),
        ("@Mia", "@Mia is nobody who can be mentioned."),
        ("a@b.c @Zed@b.c", "@Zed is nobody who can be mentioned."),
        ("@" + "x" * 9000, f"@{'x' * 50} is nobody who can be mentioned."),
        ("@Cleo Contractor", "Cleo Contractor may not see this order."),
        ("@carl customer, hi", "Carl Customer is a customer and can't see the chat."),
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
    answer = await say(agency, order, "@Stan Stranger", agency.contractor)
    assert answer.errors[0]["message"] == "@Stan is nobody who can be mentioned."
    answer = await say(agency, order, "@Carl Customer", agency.contractor)
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
    answer = await say(agency, order, "@Video Editor")
    assert len(answer["postMessage"]["message"]["mentions"]) == 50
    before = await stored(agency)
    assert (await say(agency, order, "@Video Editor @Ada Admin")).error == TEXT
    assert await stored(agency) == before


async def test_a_text_full_of_mentions_is_one_mention(agency: Agency) -> None:
    assert await mentioned(agency, "@Ada Admin\n" * 900) == ["Ada Admin"]


# Who is told


async def test_each_person_who_is_mentioned_is_told_alone(agency: Agency) -> None:
    order = await agency.book()
    answer = await agency.ask(agency.staff, f'{{ order(id: "{order}") {{ services {{ id }} }} }}')
    service = answer["order"]["services"][0]["id"]
    before = len(await rows(agency, LogEntry))
    given = {"orderId": order, "orderServiceId": service, "text": "@Mia Manager, @Ada Admin"}
    answer = await agency.do(agency.staff, "postMessage", MENTIONS, **given)
    posted, *told = (await rows(agency, LogEntry))[before:]
    assert posted["kind"] is Kind.MESSAGE_POSTED
    mentions = {row["id"]: row for row in await rows(agency, Mention)}
    assert {entry["recipient_id"] for entry in told} == {agency.manager.id, agency.admin.id}
    for entry in told:
        mention = mentions[entry["subject_id"]]
        assert entry["kind"] is Kind.PERSON_MENTIONED
        assert entry["audience"] is Audience.PERSON
        assert entry["recipient_id"] == mention["person_id"]
        assert entry["order_service_id"] == ids.decode(service, "id")[1]
        assert entry["params"] == {"message": answer["postMessage"]["message"]["id"]}


async def test_an_edit_tells_only_those_who_are_new(agency: Agency) -> None:
    answer = await say(agency, await agency.book(), "@Mia Manager, @Ada Admin")
    message = answer["postMessage"]["message"]["id"]
    before = len(await rows(agency, LogEntry))
    [kept] = [r for r in await rows(agency, Mention) if r["person_id"] == agency.manager.id]
    extra = await hire(agency, "Vera")
    given = {"id": message, "text": "@Mia Manager, @Vera"}
    answer = await agency.do(agency.staff, "editMessage", MENTIONS, **given)
    assert names(answer["editMessage"]) == ["Mia Manager", "Vera"]
    edited, told = (await rows(agency, LogEntry))[before:]
    assert (edited["kind"], told["kind"]) == (Kind.MESSAGE_EDITED, Kind.PERSON_MENTIONED)
    assert told["recipient_id"] == extra.id
    assert kept in await rows(agency, Mention)


async def test_an_edit_from_a_name_to_a_role_tells_nobody_again(agency: Agency) -> None:
    answer = await say(agency, await agency.book(), "@Mia Manager")
    before = len(await rows(agency, LogEntry))
    given = {"id": answer["postMessage"]["message"]["id"], "text": "@Project Manager"}
    answer = await agency.do(agency.staff, "editMessage", MENTIONS, **given)
    assert answer["editMessage"]["message"]["mentions"] == [
        {"person": {"name": "Mia Manager"}, "jobRole": "PROJECT_MANAGER"}
    ]
    assert [entry["kind"] for entry in (await rows(agency, LogEntry))[before:]] == [
        Kind.MESSAGE_EDITED
    ]


async def test_an_edit_that_mentions_nobody_who_is_there_changes_nothing(agency: Agency) -> None:
    answer = await say(agency, await agency.book(), "@Mia Manager")
    before = await stored(agency)
    given = {"id": answer["postMessage"]["message"]["id"], "text": "@Nobody"}
    assert (await agency.do(agency.staff, "editMessage", **given)).error == TEXT
    assert await stored(agency) == before


async def test_a_deleted_message_mentions_nobody(agency: Agency) -> None:
    answer = await say(agency, await agency.book(), "@Mia Manager")
    given = {"id": answer["postMessage"]["message"]["id"]}
    answer = await agency.do(agency.staff, "deleteMessage", MENTIONS, **given)
    assert answer["deleteMessage"]["message"]["mentions"] == []
    assert await rows(agency, Mention) == []
    answer = await agency.ask(agency.manager, MINE)
    assert answer["mentionsOfViewer"]["totalCount"] == 0


# Who reads them


async def test_a_person_finds_where_they_are_mentioned_newest_first(agency: Agency) -> None:
    order = await agency.book()
    for text in ("@Mia Manager 1", "@Ada Admin 2", "@Project Manager 3", "@Mia Manager 4"):
        assert not (await say(agency, order, text)).errors
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
    await say(agency, order, "@Mia Manager")
    document = (
        "query ($id: ID!) { order(id: $id) { lastMessage { mentions { person { name } } } } }"
    )
    for person in (agency.admin, agency.staff, agency.manager, agency.contractor):
        answer = await agency.ask(person, document, id=order)
        assert answer["order"]["lastMessage"]["mentions"] == [{"person": {"name": "Mia Manager"}}]


async def test_who_is_assigned_no_more_finds_no_mentions_there(agency: Agency) -> None:
    order = await agency.book()
    await assign(agency, order)
    await say(agency, order, "@Cleo Contractor")
    assert (await agency.ask(agency.contractor, MINE))["mentionsOfViewer"]["totalCount"] == 1
    away = {"id": order, "personId": typed(agency.contractor)}
    assert not (await agency.do(agency.staff, "removeTeamMember", **away)).errors
    page = (await agency.ask(agency.contractor, MINE))["mentionsOfViewer"]
    assert (page["totalCount"], page["edges"]) == (0, [])


async def test_customers_have_no_mentions(agency: Agency) -> None:
    await say(agency, await agency.book(), "@Mia Manager")
    page = (await agency.ask(agency.customer, MINE))["mentionsOfViewer"]
    assert (page["totalCount"], page["edges"]) == (0, [])


# Any names at all

LETTERS = st.characters(categories=["Lu", "Ll", "Lo", "Lt", "Lm"])
MORE = (
    LETTERS
    | st.characters(categories=["Nd", "Mn", "Mc"])
    | st.sampled_from(" .'-_\N{RIGHT SINGLE QUOTATION MARK}")
)
NAMES = st.builds(str.__add__, LETTERS, st.text(MORE, max_size=12)).map(str.strip)
FORMS = st.sampled_from(["NFC", "NFD"])


@given(st.sets(NAMES, min_size=1, max_size=20), st.data(), FORMS)
def test_a_text_made_of_mentions_mentions_exactly_those(
    known: set[str], data: st.DataObject, form: Any
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(sorted(known)), max_size=10))
    between = st.sampled_from([", ", "\n", " (", "; ", "!\t", " & a@b.c / "])
    text = "".join(f"@{name}{data.draw(between)}" for name in chosen)
    found = find(fold(unicodedata.normalize(form, text)), {fold(name) for name in known})
    assert found.keys() == {fold(name) for name in chosen}


@given(NAMES)
def test_a_name_is_found_in_capitals(name: str) -> None:
    if fold(name.upper()) == fold(name):
        assert find(fold(f"@{name.upper()}."), {fold(name)}).keys() == {fold(name)}


@given(st.text(), st.sets(NAMES))
def test_any_text_can_be_read(text: str, known: set[str]) -> None:
    found = find(fold(text), {fold(name) for name in known})
    assert found.keys() <= {None} | {fold(name) for name in known}
