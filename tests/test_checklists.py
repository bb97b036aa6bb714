"""Checklists of orders and services: made, read, moved, deleted."""

from typing import Any

from checklist_queries import MANY, MISSING, create, look, service, texts, titles, told
from factories import Agency

from core import ids
from models import Checklist, new_id


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


async def test_the_progress_of_an_order_leaves_out_what_was_taken_off_it(agency: Agency) -> None:
    order = await agency.book()
    photos = await service(agency, order, "Photos")
    await create(
        agency, ["Cut"], orderServiceId=(await service(agency, order, "Drone Video"))["id"]
    )
    for item in photos["checklists"][0]["items"]:
        await agency.do(agency.staff, "tickChecklistItem", id=item["id"])
    assert (await look(agency, order))["progress"] == {"done": 2, "total": 4}

    await agency.do(agency.staff, "removeOrderService", id=photos["id"])
    assert (await look(agency, order))["progress"] == {"done": 0, "total": 2}
    assert (await service(agency, order, "Photos"))["progress"] == {"done": 2, "total": 2}

    given = {"id": photos["id"], "status": "PRODUCTION"}
    await agency.do(agency.staff, "moveOrderService", **given)
    assert (await look(agency, order))["progress"] == {"done": 2, "total": 4}


async def test_the_log_shows_the_items_of_a_checklist_that_came_or_went(agency: Agency) -> None:
    order = await agency.book()
    made = await create(agency, ["Cut", "Export"], orderId=order)
    await agency.do(agency.staff, "deleteChecklistItem", id=made["items"][0]["id"])
    await agency.do(agency.staff, "deleteChecklist", id=made["id"])

    shown = await agency.ask(
        agency.staff, "{ activity(last: 3) { edges { node { kind checklistItems } } } }"
    )
    assert [each["node"] for each in shown["activity"]["edges"]] == [
        {"kind": "CHECKLIST_CREATED", "checklistItems": ["Cut", "Export"]},
        {"kind": "CHECKLIST_ITEM_DELETED", "checklistItems": []},
        {"kind": "CHECKLIST_DELETED", "checklistItems": ["Export"]},
    ]


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
