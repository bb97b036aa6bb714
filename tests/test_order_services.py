"""Services on orders: their names, and what is said of those that are archived."""

import pytest
from factories import Agency


@pytest.mark.parametrize("text", ["\u200b", " \u2060\u00a0", "a\u2028b", "\u202eevil"])
async def test_a_name_is_something_to_see_on_one_line(agency: Agency, text: str) -> None:
    order_id = await agency.book()
    found = await agency.ask(
        agency.staff, "query ($id: ID) { order(id: $id) { services { id } } }", id=order_id
    )
    service = found["order"]["services"][0]["id"]
    answer = await agency.do(agency.staff, "renameOrderService", id=service, name=text)
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "name"}


async def test_a_name_in_capitals_is_told_as_it_is(agency: Agency) -> None:
    order_id = await agency.book()
    found = await agency.ask(
        agency.staff, "query ($id: ID) { order(id: $id) { services { id } } }", id=order_id
    )
    service = found["order"]["services"][0]["id"]
    await agency.do(agency.staff, "renameOrderService", id=service, name="HDR_PHOTOS")
    told = await agency.ask(agency.staff, "{ activity(last: 1) { edges { node { summary } } } }")
    assert told["activity"]["edges"][0]["node"]["summary"] == "renamed Photos to HDR_PHOTOS"


async def test_what_is_archived_needs_no_attention(agency: Agency) -> None:
    order_id = await agency.book()
    found = await agency.ask(
        agency.staff, "query ($id: ID) { order(id: $id) { services { id } } }", id=order_id
    )
    service, other = (each["id"] for each in found["order"]["services"])
    escalated = "{ orders(filter: {escalated: true}) { totalCount } }"
    await agency.do(agency.staff, "escalateOrderService", id=service)
    assert (await agency.ask(agency.staff, escalated))["orders"] == {"totalCount": 1}
    for each in (service, other):
        await agency.do(agency.staff, "removeOrderService", id=each)
    assert (await agency.ask(agency.staff, escalated))["orders"] == {"totalCount": 0}
    answer = await agency.do(agency.staff, "escalateOrderService", id=other)
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "id"}
