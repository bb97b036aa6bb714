"""Mentions: whom the text of a message names."""

import unicodedata
from typing import Any

import pytest
from chat_queries import assign, hire, names, post, rows, say, stored
from factories import Agency
from hypothesis import given, settings
from hypothesis import strategies as st

from models import JobRole, Kind, LogEntry, Mention, Permission
from resolvers.mentions import find, fold


async def mentioned(agency: Agency, text: str) -> list[str]:
    """The names of those whom a message by the staff mentions, in alphabetical order."""
    return names(await post(agency, await agency.book(), text))


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
        "@Mia  Manager",
        "@Mia\nManager",
        "@Mia \t\n  Manager",
        "@PROJECT_MANAGER",
        "@project_manager: look",
        "@PROJECT  MANAGER",
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


async def test_a_blank_line_ends_a_name(agency: Agency) -> None:
    for name in ("Ann", "Ann Lee"):
        await hire(agency, name)
    assert await mentioned(agency, "@Ann\n\nLee will come too") == ["Ann"]
    assert await mentioned(agency, "@Ann\nLee") == ["Ann Lee"]


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
    assert (await say(agency, order, text)).error == {"code": "BAD_USER_INPUT", "field": "text"}
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
    message = await post(agency, order, "@video editor: ready")
    assert names(message) == ["Vera"]
    await assign(agency, order)
    message = await post(agency, order, "@Video Editor: ready")
    assert names(message) == ["Cleo Contractor", "Vera"]
    roles = {m["jobRole"] for m in message["mentions"]}
    assert roles == {"VIDEO_EDITOR"}


async def test_a_role_that_nobody_has_mentions_nobody(agency: Agency) -> None:
    assert await mentioned(agency, "@Account Executive?") == []


@pytest.mark.parametrize(
    "text", ["@Mia Manager and @Project Manager", "@Project Manager, @Mia Manager above all"]
)
async def test_who_is_mentioned_by_name_and_by_role_is_mentioned_by_name(
    agency: Agency, text: str
) -> None:
    message = await post(agency, await agency.book(), text)
    [mention] = message["mentions"]
    assert mention == {"person": {"name": "Mia Manager"}, "jobRole": None}


async def test_of_two_roles_the_first_one_counts(agency: Agency) -> None:
    await hire(agency, "Vera", Permission.STAFF, JobRole.VIDEO_EDITOR, JobRole.CUSTOMER_SUCCESS)
    message = await post(agency, await agency.book(), "@Video Editor, @Customer Success")
    [mention] = message["mentions"]
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
    message = await post(agency, order, "@Ada Admin", by=agency.contractor)
    assert names(message) == ["Ada Admin"]


LETTERS = st.characters(categories=["Lu", "Ll", "Lo", "Lt", "Lm"])
MORE = (
    LETTERS
    | st.characters(categories=["Nd", "Mn", "Mc"])
    | st.sampled_from(" .'-_\N{RIGHT SINGLE QUOTATION MARK}")
)
NAMES = st.builds(str.__add__, LETTERS, st.text(MORE, max_size=12)).map(str.strip)
FORMS = st.sampled_from(["NFC", "NFD"])


@settings(deadline=None)
@given(st.sets(NAMES, min_size=1, max_size=20), st.data(), FORMS)
def test_a_text_made_of_mentions_mentions_exactly_those(
    known: set[str], data: st.DataObject, form: Any
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(sorted(known)), max_size=10))
    between = st.sampled_from([", ", "\n", " (", "; ", "!\t", " & a@b.c / "])
    text = "".join(f"@{name}{data.draw(between)}" for name in chosen)
    found = find(fold(unicodedata.normalize(form, text)), {fold(name) for name in known})
    assert found.keys() == {fold(name) for name in chosen}


@settings(deadline=None)
@given(NAMES)
def test_a_name_is_found_in_capitals(name: str) -> None:
    if fold(name.upper()) == fold(name):
        assert find(fold(f"@{name.upper()}."), {fold(name)}).keys() == {fold(name)}


@settings(deadline=None)
@given(st.text(), st.sets(NAMES))
def test_any_text_can_be_read(text: str, known: set[str]) -> None:
    found = find(fold(text), {fold(name) for name in known})
    assert found.keys() <= {None} | {fold(name) for name in known}
