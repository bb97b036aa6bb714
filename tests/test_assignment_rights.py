"""Who may assign whom, and who sees it."""

import pytest
from assignment_queries import (
    ACTIONS,
    MISSING,
    NOBODY,
    ONE,
    REFUSED,
    UNSUITABLE,
    arguments,
    fill,
    look,
    told,
)
from factories import Agency, typed


async def test_admins_and_staff_assign(agency: Agency) -> None:
    order = await agency.book()

    for who in (agency.admin, agency.staff):
        for name, about, whom in ACTIONS:
            given = await arguments(agency, order, about, whom)
            assert not (await agency.do(who, name, **given)).errors


@pytest.mark.parametrize(("name", "about", "whom"), ACTIONS)
async def test_contractors_and_customers_do_not_assign(
    agency: Agency, name: str, about: str, whom: str | None
) -> None:
    order = await agency.book()
    given = await arguments(agency, order, about, whom)
    unassigned = await agency.do(agency.contractor, name, **given)
    member = {"id": order, "personId": typed(agency.contractor)}
    await agency.do(agency.staff, "addTeamMember", **member)
    before = await look(agency, order), await told(agency)

    assert unassigned.error == MISSING
    assert (await agency.do(agency.contractor, name, **given)).error == REFUSED
    assert (await agency.do(agency.customer, name, **given)).error == REFUSED
    assert (await agency.do(agency.stranger, name, **given)).error == MISSING
    assert (await look(agency, order), await told(agency)) == before


@pytest.mark.parametrize(
    ("name", "about"),
    [("setProjectManager", "order"), ("addTeamMember", "order"), ("assignOrderService", "service")],
)
async def test_only_people_of_the_agency_are_assigned(
    agency: Agency, name: str, about: str
) -> None:
    order = await agency.book()
    other = await Agency.make(agency.database, agency.hub)
    before = await look(agency, order)

    customer = await agency.do(
        agency.staff, name, **await arguments(agency, order, about, "customer")
    )
    given = await arguments(agency, order, about, None)
    elsewhere = await agency.do(agency.staff, name, **given, personId=typed(other.manager))

    assert customer.error == UNSUITABLE
    assert elsewhere.error == NOBODY
    assert await look(agency, order) == before


async def test_an_assigned_contractor_sees_the_order_until_unassigned(agency: Agency) -> None:
    order = await agency.book()
    photos = (await look(agency, order))["services"][0]["id"]
    given = {"id": photos, "personId": typed(agency.contractor)}

    await agency.do(agency.staff, "assignOrderService", **given)
    seen = await agency.ask(agency.contractor, ONE, id=order)
    await agency.do(agency.staff, "unassignOrderService", id=photos)
    gone = await agency.ask(agency.contractor, ONE, id=order)

    assert seen["order"]["services"][0]["assignee"] == {"name": "Cleo Contractor"}
    assert gone.error == MISSING


async def test_customers_see_nobody(agency: Agency) -> None:
    order = await agency.book()
    await fill(agency, order)

    seen = (await agency.ask(agency.customer, ONE, id=order))["order"]

    assert seen["projectManager"] is None
    assert seen["team"] == seen["assignments"] == []
    assert [each["assignee"] for each in seen["services"]] == [None, None]
