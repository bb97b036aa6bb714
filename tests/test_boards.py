"""Boards are told which orders they gain and lose, and nothing else of what they may not see."""

from typing import Any

import pytest
from factories import Agency, typed
from following import following, until_ready

from core.cursors import Cursor

BOARD = """subscription ($filter: OrderFilter, $after: Cursor) {
  ordersChanged(filter: $filter, after: $after) { type cursor kind fits orderId order { id name } }
}"""
SERVICES = "query ($id: ID!) { order(id: $id) { services { id } } }"


async def change(stream: Any) -> dict[str, Any]:
    """What a board is told next, without its place."""
    event = await following(stream, "ordersChanged")
    assert event.pop("type") == "CHANGE"
    assert event.pop("cursor")
    return event


def lost(order: str) -> dict[str, Any]:
    """What is told of an order that was lost."""
    return {"kind": None, "fits": False, "orderId": order, "order": None}


async def gained(agency: Agency, order: str, kind: str | None) -> dict[str, Any]:
    """What is told of an order that was gained, or has changed."""
    query = "query ($id: ID!) { order(id: $id) { id name } }"
    shown = (await agency.ask(agency.admin, query, id=order))["order"]
    return {"kind": kind, "fits": True, "orderId": order, "order": shown}


async def test_who_joins_and_leaves_a_team_is_told_so(agency: Agency) -> None:
    order, person = await agency.book(), typed(agency.contractor)
    async with agency.watch(agency.contractor, BOARD) as board:
        await until_ready(board, "ordersChanged")
        await agency.do(agency.staff, "setOrderStatus", id=order, status="IN_PROGRESS")
        await agency.do(agency.staff, "addTeamMember", id=order, personId=person)
        assert await change(board) == await gained(agency, order, "TEAM_MEMBER_ADDED")
        await agency.do(agency.staff, "removeTeamMember", id=order, personId=person)
        assert await change(board) == lost(order)
        await agency.do(agency.staff, "setOrderStatus", id=order, status="COMPLETED")
        await agency.do(agency.staff, "postMessage", orderId=order, text="Not theirs")
        await agency.do(agency.staff, "addTeamMember", id=order, personId=person)
        assert await change(board) == await gained(agency, order, "TEAM_MEMBER_ADDED")


async def test_who_still_has_a_part_in_an_order_has_not_lost_it(agency: Agency) -> None:
    order, person = await agency.book(), typed(agency.contractor)
    service = (await agency.ask(agency.admin, SERVICES, id=order))["order"]["services"][0]["id"]
    await agency.do(agency.staff, "addTeamMember", id=order, personId=person)
    async with agency.watch(agency.contractor, BOARD) as board:
        await until_ready(board, "ordersChanged")
        await agency.do(agency.staff, "assignOrderService", id=service, personId=person)
        assert await change(board) == await gained(agency, order, "ASSIGNEE_CHANGED")
        await agency.do(agency.staff, "removeTeamMember", id=order, personId=person)
        assert await change(board) == await gained(agency, order, "TEAM_MEMBER_REMOVED")
        other = typed(agency.manager)
        await agency.do(agency.staff, "assignOrderService", id=service, personId=other)
        assert await change(board) == lost(order)


async def test_customers_are_told_of_an_order_that_is_given_away(agency: Agency) -> None:
    order = await agency.book()
    async with (
        agency.watch(agency.customer, BOARD) as before,
        agency.watch(agency.stranger, BOARD) as after,
    ):
        await until_ready(before, "ordersChanged")
        await until_ready(after, "ordersChanged")
        given = {"id": order, "customerId": typed(agency.stranger)}
        await agency.do(agency.staff, "updateOrderCustomer", **given)
        assert await change(before) == lost(order)
        assert await change(after) == await gained(agency, order, None)
        await agency.do(agency.staff, "setOrderStatus", id=order, status="IN_PROGRESS")
        assert (await change(after))["kind"] == "ORDER_STATUS_CHANGED"
        await agency.do(
            agency.staff, "updateOrderCustomer", id=order, customerId=typed(agency.customer)
        )
        assert await change(before) == await gained(agency, order, None)
        assert await change(after) == lost(order)


async def test_what_was_lost_meanwhile_is_told_after_all(agency: Agency) -> None:
    order, person = await agency.book(), typed(agency.contractor)
    start = await agency.do(agency.staff, "addTeamMember", id=order, personId=person)
    await agency.do(agency.staff, "postMessage", orderId=order, text="Secret")
    await agency.do(agency.staff, "removeTeamMember", id=order, personId=person)
    after = start["addTeamMember"]["cursor"]
    async with agency.watch(agency.contractor, BOARD, after=after) as board:
        assert await change(board) == lost(order)
        assert (await following(board, "ordersChanged"))["type"] == "READY"


async def test_who_is_not_named_is_not_told(agency: Agency) -> None:
    order, other = await agency.book(), await agency.another_contractor()
    mine = await agency.book()
    start = str(Cursor.at(agency.organization.id, 0, None))
    async with agency.watch(agency.contractor, BOARD) as board:
        await until_ready(board, "ordersChanged")
        await agency.do(agency.staff, "addTeamMember", id=order, personId=typed(other))
        await agency.do(agency.staff, "removeTeamMember", id=order, personId=typed(other))
        person = typed(agency.contractor)
        await agency.do(agency.staff, "addTeamMember", id=mine, personId=person)
        assert (await change(board))["orderId"] == mine
    async with agency.watch(agency.contractor, BOARD, after=start) as board:
        *told, _ = await until_ready(board, "ordersChanged")
    assert {each["orderId"] for each in told} == {mine}


@pytest.mark.parametrize("role", ["staff", "admin"])
async def test_staff_lose_no_order(agency: Agency, role: str) -> None:
    order, person = await agency.book(), getattr(agency, role)
    async with agency.watch(person, BOARD) as board:
        await until_ready(board, "ordersChanged")
        await agency.do(agency.manager, "addTeamMember", id=order, personId=typed(person))
        await agency.do(agency.manager, "removeTeamMember", id=order, personId=typed(person))
        for kind in ("TEAM_MEMBER_ADDED", "TEAM_MEMBER_REMOVED"):
            assert await change(board) == await gained(agency, order, kind)
