"""Checklists: edited by staff, ticked by those who do the work, unseen by customers."""

import asyncio
from typing import Any

import pytest
from factories import Agency, typed
from sqlalchemy import select

from core import ids
from models import Checklist, ChecklistItem, LogEntry, Person, new_id

ITEM = "id version text position doneAt doneBy { name }"
CHECKLIST = f"id version title position items {{ {ITEM} }} progress {{ done total }}"
OWNERS = "order { id } orderService { id }"
ORDER = f"""
  id progress {{ done total }}
  checklists {{ {CHECKLIST} {OWNERS} }}
  services {{ id name progress {{ done total }} checklists {{ {CHECKLIST} {OWNERS} }} }}
"""
ONE = f"query ($id: ID!) {{ order(id: $id) {{ {ORDER} }} }}"
MANY = f"{{ orders {{ edges {{ node {{ {ORDER} }} }} }} }}"
MISSING = {"code": "NOT_FOUND", "field": "id"}
REFUSED = {"code": "FORBIDDEN"}


async def look(agency: Agency, order: str) -> Any:
    """All checklists of an order, as staff sees them."""
    return (await agency.ask(agency.staff, ONE, id=order))["order"]


async def service(agency: Agency, order: str, name: str) -> Any:
    """A service of an order, with its checklists."""
    return next(each for each in (await look(agency, order))["services"] if each["name"] == name)


async def create(agency: Agency, items: list[str], **owner: str) -> Any:
    """A new checklist with these items."""
    given = {"title": "Edit", "items": items, **owner}
    answer = await agency.do(
        agency.staff, "createChecklist", f"checklist {{ {CHECKLIST} }}", **given
    )
    return answer["createChecklist"]["checklist"]


async def assign(agency: Agency, person: Person, service_id: str) -> None:
    """Let a person do a service."""
    given = {"id": service_id, "personId": typed(person)}
    assert not (await agency.do(agency.staff, "assignOrderService", **given)).errors


async def told(agency: Agency) -> list[tuple[str, dict[str, Any]]]:
    """What the log has about checklists: kind and params, oldest first."""
    statement = (
        select(LogEntry.kind, LogEntry.params)
        .where(LogEntry.organization_id == agency.organization.id)
        .order_by(LogEntry.seq)
    )
    entries = await agency.context(agency.staff).tuples(statement)
    return [(kind.name, params) for kind, params in entries if kind.name.startswith("CHECKLIST")]


def texts(checklist: Any) -> list[str]:
    """The texts of a checklist's items; their positions must have no gap."""
    assert [item["position"] for item in checklist["items"]] == list(range(len(checklist["items"])))
    return [item["text"] for item in checklist["items"]]


def titles(checklists: list[Any]) -> list[str]:
    """The titles of checklists; their positions must have no gap."""
    assert [each["position"] for each in checklists] == list(range(len(checklists)))
    return [each["title"] for each in checklists]


async def test_a_checklist_of_an_order_stands_behind_those_it_has(agency: Agency) -> None:
    order = await agency.book()

    made = await create(agency, ["Call", "Invoice"], orderId=order)

    seen = await look(agency, order)
    assert titles(seen["checklists"]) == ["Order", "Edit"]
    assert seen["checklists"][1] == {**made, "order": {"id": order}, "orderService": None}
    assert texts(made) == ["Call", "Invoice"]
    assert made["progress"] == {"done": 0, "total": 2}
    assert await told(agency) == [
        ("CHECKLIST_CREATED", {"name": "Edit", "items": ["Call", "Invoice"]})
    ]


async def test_a_checklist_of_a_service_is_with_that_service(agency: Agency) -> None:
    order = await agency.book()
    photos = await service(agency, order, "Photos")

    made = await create(agency, ["Cut"], orderServiceId=photos["id"])

    seen = await service(agency, order, "Photos")
    assert titles(seen["checklists"]) == ["Shoot", "Edit"]
    assert seen["checklists"][1] == {
        **made,
        "order": {"id": order},
        "orderService": {"id": photos["id"]},
    }
    assert titles((await look(agency, order))["checklists"]) == ["Order"]


async def test_the_progress_of_an_order_is_of_everything_on_it(agency: Agency) -> None:
    order = await agency.book()
    shoot = (await service(agency, order, "Photos"))["checklists"][0]

    await agency.do(agency.staff, "tickChecklistItem", id=shoot["items"][0]["id"])

    seen = await look(agency, order)
    assert seen["progress"] == {"done": 1, "total": 3}
    photos, video = seen["services"]
    assert photos["progress"] == {"done": 1, "total": 2}
    assert photos["checklists"][0]["progress"] == {"done": 1, "total": 2}
    assert seen["checklists"][0]["progress"] == {"done": 0, "total": 1}
    assert video["progress"] == {"done": 0, "total": 0}


async def test_a_client_may_choose_the_id_of_a_checklist(agency: Agency) -> None:
    order = await agency.book()
    chosen = ids.encode(Checklist, new_id())

    made = await create(agency, [], orderId=order, id=chosen)
    again = await agency.do(agency.staff, "createChecklist", title="B", orderId=order, id=chosen)

    assert made["id"] == chosen
    assert again.error == {"code": "CONFLICT", "field": "id"}
    assert titles((await look(agency, order))["checklists"]) == ["Order", "Edit"]


async def test_a_checklist_is_of_an_order_or_of_a_service(agency: Agency) -> None:
    order = await agency.book()
    before = await look(agency, order)
    both = {"orderId": order, "orderServiceId": before["services"][0]["id"]}

    for owner in ({}, both):
        answer = await agency.do(agency.staff, "createChecklist", title="Edit", **owner)
        assert answer.error == {"code": "BAD_USER_INPUT", "field": "orderId"}

    assert await look(agency, order) == before


async def test_a_checklist_has_200_items_at_most(agency: Agency) -> None:
    order = await agency.book()
    full = await create(agency, ["Look"] * 200, orderId=order)
    before = await look(agency, order)

    more = await agency.do(
        agency.staff, "createChecklist", title="More", orderId=order, items=["Look"] * 201
    )
    one_more = await agency.do(
        agency.staff, "addChecklistItem", checklistId=full["id"], text="Look"
    )

    assert more.error == {"code": "BAD_USER_INPUT", "field": "items"}
    assert one_more.error == {"code": "BAD_USER_INPUT", "field": "checklistId"}
    assert await look(agency, order) == before


async def test_an_order_and_a_service_have_100_checklists_at_most(agency: Agency) -> None:
    order = await agency.book()
    video = (await service(agency, order, "Drone Video"))["id"]
    for _ in range(100):
        await create(agency, [], orderServiceId=video)

    more = await agency.do(agency.staff, "createChecklist", title="More", orderServiceId=video)

    assert more.error == {"code": "BAD_USER_INPUT", "field": "orderServiceId"}
    assert titles((await service(agency, order, "Drone Video"))["checklists"]) == ["Edit"] * 100
    assert await create(agency, [], orderId=order)


async def test_a_checklist_is_renamed(agency: Agency) -> None:
    made = await create(agency, [], orderId=await agency.book())

    answer = await agency.do(
        agency.admin, "renameChecklist", "checklist { title version }", id=made["id"], title="Cut"
    )

    assert answer["renameChecklist"]["checklist"] == {"title": "Cut", "version": 2}
    kind, params = (await told(agency))[-1]
    assert (kind, params["changes"]) == ("CHECKLIST_RENAMED", {"title": ["Edit", "Cut"]})


async def test_the_same_title_changes_nothing(agency: Agency) -> None:
    made = await create(agency, [], orderId=await agency.book())
    before = await told(agency)

    answer = await agency.do(
        agency.staff, "renameChecklist", "checklist { version }", id=made["id"], title=" Edit "
    )

    assert answer["renameChecklist"]["checklist"] == {"version": 1}
    assert await told(agency) == before


async def test_an_edit_of_another_version_is_refused(agency: Agency) -> None:
    order = await agency.book()
    made = await create(agency, ["Cut"], orderId=order)
    await agency.do(agency.staff, "renameChecklist", id=made["id"], title="Cut")
    before = await look(agency, order)

    answer = await agency.do(
        agency.admin, "deleteChecklist", id=made["id"], expectedVersion=made["version"]
    )

    assert answer.error == {
        "code": "CONFLICT",
        "field": "expectedVersion",
        "version": 2,
        "fields": ["title"],
    }
    assert await look(agency, order) == before


async def test_the_other_checklists_make_room_for_one_that_moves(agency: Agency) -> None:
    order = await agency.book()
    made = await create(agency, [], orderId=order)

    answer = await agency.do(
        agency.staff, "moveChecklist", "checklist { position version }", id=made["id"], position=0
    )

    assert answer["moveChecklist"]["checklist"] == {"position": 0, "version": 2}
    checklists = (await look(agency, order))["checklists"]
    assert titles(checklists) == ["Edit", "Order"]
    assert [each["version"] for each in checklists] == [2, 1]
    kinds = [kind for kind, _ in await told(agency)]
    assert kinds == ["CHECKLIST_CREATED", "CHECKLIST_MOVED"]


async def test_the_log_keeps_a_checklist_that_is_deleted(agency: Agency) -> None:
    order = await agency.book()
    made = await create(agency, ["Cut", "Export"], orderId=order)
    await create(agency, [], orderId=order)

    answer = await agency.do(
        agency.staff, "deleteChecklist", "checklist { id title }", id=made["id"]
    )

    assert answer["deleteChecklist"]["checklist"] == {"id": made["id"], "title": "Edit"}
    seen = await look(agency, order)
    assert titles(seen["checklists"]) == ["Order", "Edit"]
    assert seen["progress"]["total"] == 3
    kind, params = (await told(agency))[-1]
    assert (kind, params) == ("CHECKLIST_DELETED", {"name": "Edit", "items": ["Cut", "Export"]})


async def test_a_retried_deletion_is_answered_again(agency: Agency) -> None:
    made = await create(agency, [], orderId=await agency.book())
    given = {"id": made["id"], "idempotencyKey": "delete it"}

    first = await agency.do(agency.staff, "deleteChecklist", "checklist { id title }", **given)
    again = await agency.do(agency.staff, "deleteChecklist", "checklist { id title }", **given)
    later = await agency.do(agency.staff, "deleteChecklist", id=made["id"])

    assert again["deleteChecklist"] == first["deleteChecklist"]
    assert later.error == MISSING


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


@pytest.mark.parametrize("action", ["tickChecklistItem", "untickChecklistItem"])
async def test_a_contractor_ticks_on_the_service_assigned_to_them(
    agency: Agency, action: str
) -> None:
    order = await agency.book()
    photos = await service(agency, order, "Photos")
    item = photos["checklists"][0]["items"][0]
    if action == "untickChecklistItem":
        await agency.do(agency.staff, "tickChecklistItem", id=item["id"])
    await assign(agency, agency.contractor, photos["id"])

    answer = await agency.do(agency.contractor, action, "checklistItem { doneAt }", id=item["id"])

    ticked = answer[action]["checklistItem"]["doneAt"]
    assert bool(ticked) == (action == "tickChecklistItem")


@pytest.mark.parametrize("action", ["tickChecklistItem", "untickChecklistItem"])
async def test_a_contractor_ticks_nothing_else(agency: Agency, action: str) -> None:
    order = await agency.book()
    photos = await service(agency, order, "Photos")
    on_order = (await create(agency, ["Bill"], orderId=order))["items"][0]["id"]
    on_photos = photos["checklists"][0]["items"][0]["id"]
    unassigned = await agency.do(agency.contractor, action, id=on_photos)
    await assign(agency, agency.contractor, (await service(agency, order, "Drone Video"))["id"])
    before = await look(agency, order)

    assert unassigned.error == MISSING
    for item in (on_order, on_photos):
        assert (await agency.do(agency.contractor, action, id=item)).error == REFUSED
    assert await look(agency, order) == before


EDITS = [
    ("createChecklist", "order", {"title": "Mine"}),
    ("createChecklist", "orderService", {"title": "Mine"}),
    ("renameChecklist", "checklist", {"title": "Mine"}),
    ("moveChecklist", "checklist", {"position": 0}),
    ("deleteChecklist", "checklist", {}),
    ("addChecklistItem", "checklist", {"text": "Mine"}),
    ("renameChecklistItem", "item", {"text": "Mine"}),
    ("moveChecklistItem", "item", {"position": 1}),
    ("deleteChecklistItem", "item", {}),
    ("tickChecklistItem", "item", {}),
    ("untickChecklistItem", "item", {}),
]


async def arguments(
    agency: Agency, order: str, name: str, about: str, more: dict[str, Any]
) -> dict[str, Any]:
    """The input of an edit of the checklist of the order's photos."""
    photos = await service(agency, order, "Photos")
    checklist = photos["checklists"][0]
    known = {
        "order": ("orderId", order),
        "orderService": ("orderServiceId", photos["id"]),
        "checklist": ("id", checklist["id"]),
        "item": ("id", checklist["items"][0]["id"]),
    }
    field, value = known[about]
    return {("checklistId" if name == "addChecklistItem" else field): value, **more}


@pytest.mark.parametrize(("name", "about", "more"), EDITS)
@pytest.mark.parametrize("who", ["admin", "staff"])
async def test_staff_and_admins_edit_checklists(
    agency: Agency, who: str, name: str, about: str, more: dict[str, Any]
) -> None:
    order = await agency.book()
    given = await arguments(agency, order, name, about, more)

    answer = await agency.do(getattr(agency, who), name, **given)

    assert not answer.errors


@pytest.mark.parametrize(("name", "about", "more"), EDITS[:9])
async def test_contractors_do_not_edit_checklists(
    agency: Agency, name: str, about: str, more: dict[str, Any]
) -> None:
    order = await agency.book()
    await assign(agency, agency.contractor, (await service(agency, order, "Photos"))["id"])
    before = await look(agency, order), await told(agency)
    given = await arguments(agency, order, name, about, more)

    answer = await agency.do(agency.contractor, name, **given)

    assert answer.error == REFUSED
    assert (await look(agency, order), await told(agency)) == before


@pytest.mark.parametrize(("name", "about", "more"), EDITS)
async def test_for_customers_there_are_no_checklists(
    agency: Agency, name: str, about: str, more: dict[str, Any]
) -> None:
    order = await agency.book()
    before = await look(agency, order), await told(agency)
    given = await arguments(agency, order, name, about, more)

    answer = await agency.do(agency.customer, name, **given)

    field = "checklistId" if name == "addChecklistItem" else "id"
    hidden = about in ("checklist", "item")
    assert answer.error == ({"code": "NOT_FOUND", "field": field} if hidden else REFUSED)
    assert (await look(agency, order), await told(agency)) == before


async def test_customers_see_no_checklists(agency: Agency) -> None:
    order = await agency.book()

    seen = (await agency.ask(agency.customer, ONE, id=order))["order"]

    nothing = {"checklists": [], "progress": {"done": 0, "total": 0}}
    assert {name: seen[name] for name in nothing} == nothing
    assert [{name: each[name] for name in nothing} for each in seen["services"]] == [nothing] * 2


async def test_for_another_agency_there_are_no_checklists(agency: Agency) -> None:
    other = await Agency.make(agency.database, agency.hub)
    order = await agency.book()
    shoot = (await service(agency, order, "Photos"))["checklists"][0]
    before = await look(agency, order)

    ticked = await other.do(other.admin, "tickChecklistItem", id=shoot["items"][0]["id"])
    deleted = await other.do(other.admin, "deleteChecklist", id=shoot["id"])
    created = await other.do(other.admin, "createChecklist", title="Mine", orderId=order)

    assert ticked.error == deleted.error == MISSING
    assert created.error == {"code": "NOT_FOUND", "field": "orderId"}
    assert await look(agency, order) == before


async def test_what_can_not_be_used_is_named(agency: Agency) -> None:
    order = await agency.book()
    made = await create(agency, [], orderId=order)
    before = await look(agency, order)
    new = {"title": "New", "orderId": order}
    add = {"checklistId": made["id"], "text": "Cut"}
    mistakes: list[tuple[str, dict[str, Any], str]] = [
        ("createChecklist", {**new, "title": " "}, "title"),
        ("createChecklist", {**new, "items": ["Cut", "x" * 201]}, "items.1"),
        ("createChecklist", {**new, "id": order}, "id"),
        ("createChecklist", {**new, "orderId": made["id"]}, "orderId"),
        ("renameChecklist", {"id": order, "title": "New"}, "id"),
        ("moveChecklist", {"id": made["id"], "position": -1}, "position"),
        ("addChecklistItem", {**add, "text": "a\nb"}, "text"),
        ("addChecklistItem", {**add, "position": 10_001}, "position"),
    ]

    for name, given, field in mistakes:
        answer = await agency.do(agency.staff, name, **given)
        assert answer.error == {"code": "BAD_USER_INPUT", "field": field}

    assert await look(agency, order) == before


async def test_many_orders_take_as_many_statements_as_one(
    agency: Agency, statements: list[str]
) -> None:
    async def count() -> int:
        order = await agency.book()
        item = (await look(agency, order))["checklists"][0]["items"][0]
        await agency.do(agency.staff, "tickChecklistItem", id=item["id"])
        statements.clear()
        assert (await agency.ask(agency.staff, MANY))["orders"]["edges"]
        return len(statements)

    assert len({await count() for _ in range(4)}) == 1


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
