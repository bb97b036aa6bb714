"""Items of checklists: added, moved, ticked."""

import asyncio

import pytest
from checklist_queries import ITEM, create, look, texts, told
from factories import Agency, typed

from core import ids
from models import ChecklistItem, new_id


async def test_an_item_is_added_at_the_end_or_at_its_position(agency: Agency) -> None:
    order = await agency.book()
    made = await create(agency, ["Cut", "Export"], orderId=order)
    chosen = ids.encode(ChecklistItem, new_id())
    given = {"checklistId": made["id"], "id": chosen}

    await agency.do(agency.staff, "addChecklistItem", checklistId=made["id"], text="Send")
    await agency.do(agency.staff, "addChecklistItem", text="Import", position=0, **given)
    await agency.do(
        agency.staff, "addChecklistItem", checklistId=made["id"], text="Bill", position=99
    )
    again = await agency.do(agency.staff, "addChecklistItem", text="Import", **given)

    seen = (await look(agency, order))["checklists"][1]
    assert texts(seen) == ["Import", "Cut", "Export", "Send", "Bill"]
    assert seen["items"][0]["id"] == chosen
    assert {each["version"] for each in [seen, *seen["items"]]} == {1}
    assert again.error == {"code": "CONFLICT", "field": "id"}
    kind, params = (await told(agency))[-1]
    assert (kind, params) == ("CHECKLIST_ITEM_ADDED", {"name": "Bill", "checklist": made["id"]})


async def test_an_item_is_renamed(agency: Agency) -> None:
    item = (await create(agency, ["Cut"], orderId=await agency.book()))["items"][0]
    given = {"id": item["id"], "text": "Trim", "expectedVersion": 1}

    answer = await agency.do(
        agency.staff, "renameChecklistItem", "checklistItem { text version }", **given
    )

    assert answer["renameChecklistItem"]["checklistItem"] == {"text": "Trim", "version": 2}
    kind, params = (await told(agency))[-1]
    assert (kind, params["changes"]) == ("CHECKLIST_ITEM_RENAMED", {"text": ["Cut", "Trim"]})


@pytest.mark.parametrize(
    ("start", "position", "after"),
    [(0, 2, "BCAD"), (3, 1, "ADBC"), (1, 0, "BACD"), (1, 10_000, "ACDB")],
)
async def test_the_other_items_make_room_for_one_that_moves(
    agency: Agency, start: int, position: int, after: str
) -> None:
    order = await agency.book()
    moved = (await create(agency, list("ABCD"), orderId=order))["items"][start]

    await agency.do(agency.staff, "moveChecklistItem", id=moved["id"], position=position)

    seen = (await look(agency, order))["checklists"][1]
    assert "".join(texts(seen)) == after
    assert [each["version"] for each in seen["items"]] == [
        2 if text == moved["text"] else 1 for text in after
    ]
    *_, before_last, (kind, params) = await told(agency)
    assert before_last[0] == "CHECKLIST_CREATED"
    assert kind == "CHECKLIST_ITEM_MOVED"
    assert params["changes"] == {"position": [start, min(position, 3)]}


async def test_the_same_text_and_the_same_place_change_nothing(agency: Agency) -> None:
    order = await agency.book()
    last = (await create(agency, ["Cut", "Export"], orderId=order))["items"][1]
    before = await look(agency, order), await told(agency)

    await agency.do(agency.staff, "moveChecklistItem", id=last["id"], position=7)
    await agency.do(agency.staff, "renameChecklistItem", id=last["id"], text="Export")

    assert (await look(agency, order), await told(agency)) == before


async def test_the_items_behind_one_that_is_deleted_close_up(agency: Agency) -> None:
    order = await agency.book()
    made = await create(agency, ["Cut", "Export", "Send"], orderId=order)
    given = {"id": made["items"][0]["id"], "idempotencyKey": "delete it"}

    for _ in range(2):
        answer = await agency.do(
            agency.staff, "deleteChecklistItem", "checklistItem { text }", **given
        )
        assert answer["deleteChecklistItem"]["checklistItem"] == {"text": "Cut"}

    seen = (await look(agency, order))["checklists"][1]
    assert texts(seen) == ["Export", "Send"]
    assert {each["version"] for each in seen["items"]} == {1}
    assert (await told(agency))[1:] == [
        ("CHECKLIST_ITEM_DELETED", {"name": "Cut", "checklist": made["id"]})
    ]


async def test_a_ticked_item_tells_who_did_it_and_when(agency: Agency) -> None:
    item = (await create(agency, ["Cut"], orderId=await agency.book()))["items"][0]

    answer = await agency.do(
        agency.staff, "tickChecklistItem", f"checklistItem {{ {ITEM} }}", id=item["id"]
    )

    ticked = answer["tickChecklistItem"]["checklistItem"]
    assert ticked["doneBy"] == {"name": "Sam Staff"}
    assert ticked["version"] == 2
    kind, params = (await told(agency))[-1]
    assert kind == "CHECKLIST_ITEM_TICKED"
    assert params["name"] == "Cut"
    assert params["changes"] == {
        "done_at": [None, ticked["doneAt"]],
        "done_by_id": [None, typed(agency.staff)],
    }


async def test_an_item_is_unticked(agency: Agency) -> None:
    item = (await create(agency, ["Cut"], orderId=await agency.book()))["items"][0]
    await agency.do(agency.staff, "tickChecklistItem", id=item["id"])

    answer = await agency.do(
        agency.admin, "untickChecklistItem", f"checklistItem {{ {ITEM} }}", id=item["id"]
    )

    assert answer["untickChecklistItem"]["checklistItem"] == {**item, "version": 3}
    kind, params = (await told(agency))[-1]
    assert kind == "CHECKLIST_ITEM_UNTICKED"
    assert params["changes"]["done_by_id"] == [typed(agency.staff), None]


async def test_what_is_ticked_is_not_ticked_again(agency: Agency) -> None:
    order = await agency.book()
    done, open_ = (await create(agency, ["Cut", "Export"], orderId=order))["items"]
    await agency.do(agency.staff, "tickChecklistItem", id=done["id"])
    before = await look(agency, order), await told(agency)

    await agency.do(agency.admin, "tickChecklistItem", id=done["id"])
    await agency.do(agency.admin, "untickChecklistItem", id=open_["id"])

    assert (await look(agency, order), await told(agency)) == before


async def test_a_move_takes_as_many_statements_in_a_long_checklist(
    agency: Agency, statements: list[str]
) -> None:
    order = await agency.book()

    async def count(items: int) -> int:
        made = await create(agency, ["Look"] * items, orderId=order)
        statements.clear()
        await agency.do(agency.staff, "moveChecklistItem", id=made["items"][-1]["id"], position=0)
        return len(statements)

    assert await count(2) == await count(200)


async def test_simultaneous_moves_leave_no_gap_and_no_twin(agency: Agency) -> None:
    order = await agency.book()
    items = (await create(agency, list("ABCDEFGH"), orderId=order))["items"]

    answers = await asyncio.gather(
        *(
            agency.do(agency.staff, "moveChecklistItem", id=item["id"], position=(i * 3 + 1) % 8)
            for i, item in enumerate(items)
        )
    )

    assert not [answer.errors for answer in answers if answer.errors]
    assert sorted(texts((await look(agency, order))["checklists"][1])) == list("ABCDEFGH")


async def test_simultaneous_additions_and_deletions_leave_no_gap(agency: Agency) -> None:
    order = await agency.book()
    made = await create(agency, list("ABCD"), orderId=order)
    new = {"checklistId": made["id"], "position": 1}

    answers = await asyncio.gather(
        *(agency.do(agency.staff, "deleteChecklistItem", id=each["id"]) for each in made["items"]),
        *(agency.do(agency.staff, "addChecklistItem", text=text, **new) for text in "EFGH"),
    )

    assert not [answer.errors for answer in answers if answer.errors]
    assert sorted(texts((await look(agency, order))["checklists"][1])) == list("EFGH")


async def test_one_of_several_simultaneous_ticks_counts(agency: Agency) -> None:
    order = await agency.book()
    item = (await create(agency, ["Cut"], orderId=order))["items"][0]

    answers = await asyncio.gather(
        *(agency.do(agency.staff, "tickChecklistItem", id=item["id"]) for _ in range(8))
    )

    assert not [answer.errors for answer in answers if answer.errors]
    assert [kind for kind, _ in await told(agency)].count("CHECKLIST_ITEM_TICKED") == 1
