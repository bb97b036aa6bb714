"""Booking orders, and saying where they stand."""

from uuid import uuid4

import pytest
from factories import Agency, typed
from sqlalchemy import func, select
from storage import session_of

from core import ids
from models import LogEntry, Order, Person, new_id

ORDER = """query ($id: ID!) { order(id: $id) {
  version number name status paymentStatus notes customer { name }
  property { street city country }
  services { name status position notes package { name } service { name }
             checklists { title items { text } } progress { done total } }
  checklists { title items { text } } progress { done total }
  feed(include: [ACTIVITY]) { totalCount edges { node { ... on Activity { kind summary } } } }
} }"""


async def entries(agency: Agency) -> int:
    """The length of the agency's log."""
    statement = select(func.count()).where(LogEntry.organization_id == agency.organization.id)
    async with session_of(agency.database) as session:
        return await session.scalar(statement) or 0


async def test_an_order_is_booked_with_its_services_checklists_and_notes(agency: Agency) -> None:
    order_id = await agency.book(packageIds=[typed(agency.package)], serviceIds=[], notes="VIP")
    order = (await agency.ask(agency.staff, ORDER, id=order_id))["order"]
    assert order["number"] == "000001"
    assert order["name"] == "Complete - 1 Elm Street"
    assert (order["status"], order["paymentStatus"]) == ("PENDING", "UNPAID")
    assert order["notes"] == "VIP"
    assert order["customer"] == {"name": "Carl Customer"}
    assert order["property"] == {"street": "1 Elm Street", "city": "Springfield", "country": "US"}
    assert [(s["name"], s["position"], s["notes"]) for s in order["services"]] == [
        ("Photos", 0, "How we do Photos"),
        ("Drone Video", 1, "How we do Drone Video"),
    ]
    assert order["services"][0]["package"] == {"name": "Complete"}
    assert order["services"][0]["checklists"] == [
        {"title": "Shoot", "items": [{"text": "Charge batteries"}, {"text": "Format cards"}]}
    ]
    assert order["checklists"] == [{"title": "Order", "items": [{"text": "Call the agent"}]}]
    assert order["progress"] == {"done": 0, "total": 3}
    assert [edge["node"] for edge in order["feed"]["edges"]] == [
        {"kind": "ORDER_CREATED", "summary": "created the order"},
        {"kind": "PACKAGE_ADDED", "summary": "added the package Complete"},
        {"kind": "SERVICE_ADDED", "summary": "added Photos"},
        {"kind": "SERVICE_ADDED", "summary": "added Drone Video"},
    ]
    assert order["feed"]["totalCount"] == 4


async def test_numbers_count_up_in_each_agency(agency: Agency) -> None:
    await agency.book()
    second = await agency.book()
    answer = await agency.ask(agency.staff, '{ order(number: "2") { id } }')
    assert answer["order"] == {"id": second}


async def test_a_client_may_choose_the_id(agency: Agency) -> None:
    chosen = ids.encode(Order, new_id())
    assert await agency.book(id=chosen) == chosen


async def test_an_id_that_is_taken_is_a_conflict(agency: Agency) -> None:
    taken = await agency.book()
    before = await entries(agency)
    with pytest.raises(AssertionError, match="CONFLICT"):
        await agency.book(id=taken)
    assert await entries(agency) == before


async def test_a_customer_books_for_themself_only(agency: Agency) -> None:
    given = {"property": {"street": "2 Oak", "city": "Bern", "country": "CH"}}
    mine = await agency.do(agency.customer, "createOrder", "order { customer { id } }", **given)
    assert mine["createOrder"]["order"]["customer"] == {"id": typed(agency.customer)}
    theirs = await agency.do(
        agency.customer, "createOrder", **given, customerId=typed(agency.stranger)
    )
    assert theirs.error["code"] == "FORBIDDEN"


async def test_a_customer_writes_no_notes(agency: Agency) -> None:
    given = {"property": {"street": "2 Oak", "city": "Bern", "country": "CH"}, "notes": "x"}
    answer = await agency.do(agency.customer, "createOrder", **given)
    assert answer.error == {"code": "FORBIDDEN", "field": "notes"}


async def test_contractors_book_nothing(agency: Agency) -> None:
    answer = await agency.do(
        agency.contractor,
        "createOrder",
        customerId=typed(agency.customer),
        property={"street": "2 Oak", "city": "Bern", "country": "CH"},
    )
    assert answer.error["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"customerId": ids.encode(Person, new_id())}, ("NOT_FOUND", "customerId")),
        ({"customerId": ids.encode(Order, new_id())}, ("BAD_USER_INPUT", "customerId")),
        ({"customerId": "nonsense"}, ("BAD_USER_INPUT", "customerId")),
        ({"name": " "}, ("BAD_USER_INPUT", "name")),
        ({"name": "bell\x07"}, ("BAD_USER_INPUT", "name")),
        ({"name": "x" * 201}, ("BAD_USER_INPUT", "name")),
        ({"notes": "x" * 100_000}, ("BAD_USER_INPUT", "notes")),
        ({"serviceIds": ["svc_01m858kp40e7085jjr8q1zgh7e"]}, ("NOT_FOUND", "serviceIds.0")),
        ({"id": ids.encode(Order, uuid4())}, ("BAD_USER_INPUT", "id")),
        (
            {"property": {"street": "", "city": "Bern", "country": "CH"}},
            ("BAD_USER_INPUT", "property.street"),
        ),
    ],
)
async def test_bad_input_books_nothing(
    agency: Agency, given: dict[str, object], error: tuple[str, str]
) -> None:
    complete = {
        "customerId": typed(agency.customer),
        "property": {"street": "2 Oak", "city": "Bern", "country": "CH"},
        **given,
    }
    answer = await agency.do(agency.staff, "createOrder", **complete)
    assert (answer.error["code"], answer.error["field"]) == error
    assert await entries(agency) == 0
    async with session_of(agency.database) as session:
        mine = Order.organization_id == agency.organization.id
        assert await session.scalar(select(func.count()).where(mine)) == 0


async def test_statuses_are_set_and_logged_with_before_and_after(agency: Agency) -> None:
    order_id = await agency.book()
    await agency.do(agency.staff, "setOrderStatus", id=order_id, status="IN_PROGRESS")
    answer = await agency.do(
        agency.staff,
        "setPaymentStatus",
        "order { version status paymentStatus feed(last: 2) { edges { node { ... on Activity {"
        " summary actor { name } changes { field before after } } } } } }",
        id=order_id,
        paymentStatus="PAID",
    )
    order = answer["setPaymentStatus"]["order"]
    assert (order["version"], order["status"], order["paymentStatus"]) == (3, "IN_PROGRESS", "PAID")
    assert [edge["node"] for edge in order["feed"]["edges"]] == [
        {
            "summary": "changed the order status from pending to in progress",
            "actor": {"name": "Sam Staff"},
            "changes": [{"field": "status", "before": "PENDING", "after": "IN_PROGRESS"}],
        },
        {
            "summary": "changed the payment status from unpaid to paid",
            "actor": {"name": "Sam Staff"},
            "changes": [{"field": "paymentStatus", "before": "UNPAID", "after": "PAID"}],
        },
    ]


async def test_customer_property_and_notes_are_updated(agency: Agency) -> None:
    order_id = await agency.book()
    await agency.do(
        agency.staff, "updateOrderCustomer", id=order_id, customerId=typed(agency.stranger)
    )
    await agency.do(agency.staff, "updateOrderNotes", id=order_id, notes="Beware\nof the dog")
    answer = await agency.do(
        agency.staff,
        "updateOrderProperty",
        "order { customer { name } notes property { street unit city } }",
        id=order_id,
        property={"street": "9 Pine", "unit": "4b", "city": "Oslo", "country": "NO"},
    )
    assert answer["updateOrderProperty"]["order"] == {
        "customer": {"name": "Stan Stranger"},
        "notes": "Beware\nof the dog",
        "property": {"street": "9 Pine", "unit": "4b", "city": "Oslo"},
    }


async def test_an_order_goes_to_customers_only(agency: Agency) -> None:
    order_id = await agency.book()
    answer = await agency.do(
        agency.staff, "updateOrderCustomer", id=order_id, customerId=typed(agency.manager)
    )
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "customerId"}


async def test_a_stale_version_is_a_conflict_that_names_what_differs(agency: Agency) -> None:
    order_id = await agency.book()
    await agency.do(agency.staff, "setOrderStatus", id=order_id, status="IN_PROGRESS")
    await agency.do(agency.staff, "updateOrderNotes", id=order_id, notes="Quick")
    answer = await agency.do(
        agency.admin, "setOrderStatus", id=order_id, status="CANCELLED", expectedVersion=1
    )
    assert answer.error == {
        "code": "CONFLICT",
        "field": "expectedVersion",
        "version": 3,
        "fields": ["notes", "status"],
    }
    fresh = await agency.do(
        agency.admin, "setOrderStatus", id=order_id, status="CANCELLED", expectedVersion=3
    )
    assert not fresh.errors


async def test_services_are_added_behind_those_that_are_there(agency: Agency) -> None:
    order_id = await agency.book()
    answer = await agency.do(
        agency.staff,
        "addOrderServices",
        "order { services { name position } }",
        id=order_id,
        packageIds=[typed(agency.package)],
        serviceIds=[typed(agency.video)],
    )
    services = answer["addOrderServices"]["order"]["services"]
    assert [(s["name"], s["position"]) for s in services] == [
        ("Photos", 0),
        ("Drone Video", 1),
        ("Photos", 2),
        ("Drone Video", 3),
        ("Drone Video", 4),
    ]


async def test_a_removed_package_takes_its_services_along(agency: Agency) -> None:
    order_id = await agency.book(packageIds=[typed(agency.package)])
    answer = await agency.do(
        agency.staff,
        "removeOrderPackage",
        "order { services { name status package { name } } }",
        id=order_id,
        packageId=typed(agency.package),
    )
    services = answer["removeOrderPackage"]["order"]["services"]
    assert {(s["status"], s["package"] is not None) for s in services} == {
        ("PRE_PRODUCTION", False),
        ("ARCHIVED", True),
    }
    before = await entries(agency)
    again = await agency.do(
        agency.staff, "removeOrderPackage", id=order_id, packageId=typed(agency.package)
    )
    assert not again.errors
    assert await entries(agency) == before


async def test_customers_do_not_see_how_often_an_order_is_edited(agency: Agency) -> None:
    order_id = await agency.book()
    fields = "version updatedAt services { version }"
    asked = f"query ($id: ID) {{ order(id: $id) {{ {fields} }} }}"
    shown = (await agency.ask(agency.customer, asked, id=order_id))["order"]
    assert shown["version"] is shown["updatedAt"] is shown["services"][0]["version"] is None
    by_edit = "{ orders(sort: [{by: UPDATED_AT}]) { totalCount } }"
    answer = await agency.ask(agency.customer, by_edit)
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "sort"}


async def test_a_variable_that_can_not_be_used_is_named(agency: Agency) -> None:
    answer = await agency.ask(
        agency.staff, "query ($first: Int) { orders(first: $first) { totalCount } }", first="many"
    )
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "first"}
