"""Who may see, edit and tick checklists."""

from typing import Any

import pytest
from checklist_queries import MISSING, ONE, REFUSED, assign, create, look, service, told
from factories import Agency


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


EDITS: list[tuple[str, str, dict[str, Any]]] = [
    ("createChecklist", "order", {"title": "Mine"}),
    ("createChecklist", "orderService", {"title": "Mine"}),
    ("renameChecklist", "checklist", {"title": "Mine"}),
    ("moveChecklist", "checklist", {"position": 0}),
    ("deleteChecklist", "checklist", {}),
    ("addChecklistItem", "checklist", {"text": "Mine"}),
    ("renameChecklistItem", "item", {"text": "Mine"}),
    ("moveChecklistItem", "item", {"position": 1}),
    ("deleteChecklistItem", "item", {}),
]
TICKS: list[tuple[str, str, dict[str, Any]]] = [
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


@pytest.mark.parametrize(("name", "about", "more"), EDITS + TICKS)
@pytest.mark.parametrize("who", ["admin", "staff"])
async def test_staff_and_admins_edit_checklists(
    agency: Agency, who: str, name: str, about: str, more: dict[str, Any]
) -> None:
    order = await agency.book()
    given = await arguments(agency, order, name, about, more)

    answer = await agency.do(getattr(agency, who), name, **given)

    assert not answer.errors


@pytest.mark.parametrize(("name", "about", "more"), EDITS)
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


@pytest.mark.parametrize(("name", "about", "more"), EDITS + TICKS)
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
