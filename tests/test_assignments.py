"""Assignments: who of the agency works on what."""

import asyncio
from typing import Any

import pytest
from assignment_queries import (
    MANY,
    ORDER,
    SERVICE,
    UNSUITABLE,
    fill,
    look,
    newcomers,
    told,
)
from factories import Agency, typed
from storage import session_of


async def test_a_project_manager_is_set(agency: Agency) -> None:
    order = await agency.book()
    given = {"id": order, "personId": typed(agency.manager)}

    answer = await agency.do(agency.staff, "setProjectManager", ORDER, **given)

    seen = answer["setProjectManager"]["order"]
    assert seen["projectManager"] == {"name": "Mia Manager"}
    assert seen["version"] == 2
    assert seen["assignments"] == [
        {
            "role": "PROJECT_MANAGER",
            "person": {"name": "Mia Manager"},
            "order": {"id": order},
            "orderService": None,
        }
    ]
    ((kind, params),) = await told(agency)
    assert kind == "PROJECT_MANAGER_CHANGED"
    assert params["person"] == "Mia Manager"
    assert params["changes"] == {"project_manager": [None, typed(agency.manager)]}


async def test_a_project_manager_is_replaced(agency: Agency) -> None:
    order = await agency.book()
    (other,) = await newcomers(agency, 1)
    async with session_of(agency.database) as session:
        (await session.merge(other)).job_roles = agency.manager.job_roles

    for person in (agency.manager, other):
        await agency.do(agency.staff, "setProjectManager", id=order, personId=typed(person))

    seen = await look(agency, order)
    assert seen["projectManager"] == {"name": "Newcomer 000"}
    assert len(seen["assignments"]) == 1
    _, params = (await told(agency))[-1]
    assert params["changes"] == {"project_manager": [typed(agency.manager), typed(other)]}


@pytest.mark.parametrize("nobody", [{}, {"personId": None}])
async def test_a_project_manager_is_cleared(agency: Agency, nobody: dict[str, None]) -> None:
    order = await agency.book()
    await agency.do(agency.staff, "setProjectManager", id=order, personId=typed(agency.manager))

    await agency.do(agency.admin, "setProjectManager", id=order, **nobody)

    seen = await look(agency, order)
    assert seen["projectManager"] is None
    assert seen["assignments"] == []
    _, params = (await told(agency))[-1]
    assert params["person"] == "Mia Manager"
    assert params["changes"] == {"project_manager": [typed(agency.manager), None]}


@pytest.mark.parametrize("who", ["staff", "admin", "contractor", "customer"])
async def test_only_a_project_manager_manages_an_order(agency: Agency, who: str) -> None:
    order = await agency.book()
    before = await look(agency, order)
    person = typed(getattr(agency, who))

    answer = await agency.do(agency.admin, "setProjectManager", id=order, personId=person)

    assert answer.error == UNSUITABLE
    assert await look(agency, order) == before
    assert await told(agency) == []


async def test_the_team_is_sorted_by_name(agency: Agency) -> None:
    order = await agency.book()

    for person in (agency.staff, agency.contractor, agency.admin):
        await agency.do(agency.staff, "addTeamMember", id=order, personId=typed(person))

    seen = await look(agency, order)
    assert [each["name"] for each in seen["team"]] == [
        "Ada Admin",
        "Cleo Contractor",
        "Sam Staff",
    ]
    kind, params = (await told(agency))[-1]
    assert (kind, params["person"]) == ("TEAM_MEMBER_ADDED", "Ada Admin")
    assert params["changes"] == {"team": [None, typed(agency.admin)]}


async def test_a_team_member_is_removed(agency: Agency) -> None:
    order = await agency.book()
    for person in (agency.staff, agency.admin):
        await agency.do(agency.staff, "addTeamMember", id=order, personId=typed(person))
    given = {"id": order, "personId": typed(agency.admin)}

    answer = await agency.do(agency.staff, "removeTeamMember", ORDER, **given)

    assert answer["removeTeamMember"]["order"]["team"] == [{"name": "Sam Staff"}]
    kind, params = (await told(agency))[-1]
    assert (kind, params["person"]) == ("TEAM_MEMBER_REMOVED", "Ada Admin")
    assert params["changes"] == {"team": [typed(agency.admin), None]}


async def test_a_team_has_50_members_at_most(agency: Agency) -> None:
    order = await agency.book()
    *people, last = await newcomers(agency, 51)
    for person in people:
        await agency.do(agency.staff, "addTeamMember", id=order, personId=typed(person))
    before = await look(agency, order)

    full = await agency.do(agency.staff, "addTeamMember", id=order, personId=typed(last))
    again = await agency.do(agency.staff, "addTeamMember", id=order, personId=typed(people[0]))

    assert full.error == UNSUITABLE
    assert not again.errors
    assert await look(agency, order) == before
    assert len(before["team"]) == 50


async def test_a_service_is_assigned_and_given_to_another(agency: Agency) -> None:
    order = await agency.book()
    photos, video = (each["id"] for each in (await look(agency, order))["services"])

    for person in (agency.staff, agency.contractor):
        answer = await agency.do(
            agency.staff, "assignOrderService", SERVICE, id=photos, personId=typed(person)
        )
        assert answer["assignOrderService"]["orderService"]["assignee"] == {"name": person.name}

    seen = await look(agency, order)
    assert seen["services"] == [
        {"id": photos, "version": 3, "assignee": {"name": "Cleo Contractor"}},
        {"id": video, "version": 1, "assignee": None},
    ]
    assert seen["version"] == 1
    assert seen["assignments"] == [
        {
            "role": "ASSIGNEE",
            "person": {"name": "Cleo Contractor"},
            "order": {"id": order},
            "orderService": {"id": photos},
        }
    ]
    kind, params = (await told(agency))[-1]
    assert (kind, params["person"]) == ("ASSIGNEE_CHANGED", "Cleo Contractor")
    assert params["changes"] == {"assignee": [typed(agency.staff), typed(agency.contractor)]}


async def test_a_service_is_taken_from_its_assignee(agency: Agency) -> None:
    order = await agency.book()
    photos = (await look(agency, order))["services"][0]["id"]
    given = {"id": photos, "personId": typed(agency.contractor)}
    await agency.do(agency.staff, "assignOrderService", **given)

    answer = await agency.do(agency.staff, "unassignOrderService", SERVICE, id=photos)

    assert answer["unassignOrderService"]["orderService"]["assignee"] is None
    _, params = (await told(agency))[-1]
    assert params["person"] == "Cleo Contractor"
    assert params["changes"] == {"assignee": [typed(agency.contractor), None]}


async def test_an_assignment_that_is_so_already_changes_nothing(agency: Agency) -> None:
    order = await agency.book()
    photos, video = (each["id"] for each in (await look(agency, order))["services"])
    manager, staff = typed(agency.manager), typed(agency.staff)
    done: list[tuple[str, dict[str, Any]]] = [
        ("setProjectManager", {"id": order, "personId": manager}),
        ("addTeamMember", {"id": order, "personId": staff}),
        ("assignOrderService", {"id": photos, "personId": staff}),
    ]
    for name, given in done:
        await agency.do(agency.staff, name, **given)
    before = await look(agency, order), await told(agency)

    done += [
        ("removeTeamMember", {"id": order, "personId": manager}),
        ("unassignOrderService", {"id": video}),
    ]
    for name, given in done:
        assert not (await agency.do(agency.staff, name, **given)).errors

    assert (await look(agency, order), await told(agency)) == before


async def test_an_assignment_of_another_version_is_refused(agency: Agency) -> None:
    order = await agency.book()
    given = {"id": order, "personId": typed(agency.manager), "expectedVersion": 1}
    await agency.do(agency.staff, "addTeamMember", id=order, personId=typed(agency.staff))
    before = await look(agency, order)

    answer = await agency.do(agency.staff, "setProjectManager", **given)

    assert answer.error == {
        "code": "CONFLICT",
        "field": "expectedVersion",
        "version": 2,
        "fields": ["team"],
    }
    assert await look(agency, order) == before


async def test_many_orders_take_as_many_statements_as_one(
    agency: Agency, statements: list[str]
) -> None:
    async def count() -> int:
        order = await agency.book()
        await fill(agency, order)
        statements.clear()
        assert (await agency.ask(agency.staff, MANY))["orders"]["edges"]
        return len(statements)

    assert len({await count() for _ in range(4)}) == 1


async def test_one_of_several_simultaneous_assignees_stays(agency: Agency) -> None:
    order = await agency.book()
    photos = (await look(agency, order))["services"][0]["id"]
    people = await newcomers(agency, 8)

    answers = await asyncio.gather(
        *(
            agency.do(agency.staff, "assignOrderService", id=photos, personId=typed(person))
            for person in people
        )
    )

    assert not [answer.errors for answer in answers if answer.errors]
    assert len((await look(agency, order))["assignments"]) == 1
    changes = [params["changes"]["assignee"] for _, params in await told(agency)]
    assert [before for before, _ in changes] == [None, *(after for _, after in changes[:-1])]
