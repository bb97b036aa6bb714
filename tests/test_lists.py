"""Lists of orders, people and the catalogue: filters, sorting, pages, and what they cost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import Agency, typed

ORDERS = """query ($filter: OrderFilter, $sort: [OrderSort!], $first: Int, $after: Cursor,
                  $last: Int, $before: Cursor) {
  orders(filter: $filter, sort: $sort, first: $first, after: $after, last: $last, before: $before) {
    totalCount edges { cursor node { id number name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
} }"""
BOARD = """query ($first: Int) { orders(first: $first) { edges { node {
  id number name status paymentStatus dueAt customer { name } property { street city }
  projectManager { name } team { name } progress { done total }
  services { name status position assignee { name } progress { done total }
             escalation { reason by { name } } }
  lastMessage { text createdAt author { name } }
} } } }"""


async def found(agency: Agency, **given: Any) -> list[str]:
    """The numbers of the orders that a list has."""
    answer = await agency.ask(agency.staff, ORDERS, **given)
    return [edge["node"]["number"] for edge in answer["orders"]["edges"]]


async def a_few(agency: Agency) -> list[str]:
    """The ids of three different orders."""
    first = await agency.book(name="Villa", serviceIds=[typed(agency.photos)])
    second = await agency.book(
        name="Loft",
        serviceIds=[typed(agency.video)],
        customerId=typed(agency.stranger),
        property={"street": "7 Rue Haute", "city": "Genève", "country": "CH"},
        dueAt="2030-01-01T00:00:00Z",
    )
    third = await agency.book(name="Barn 100%", serviceIds=[], dueAt="2029-01-01T00:00:00Z")
    await agency.do(agency.staff, "setOrderStatus", id=second, status="IN_PROGRESS")
    await agency.do(agency.staff, "setPaymentStatus", id=third, paymentStatus="PAID")
    await agency.do(agency.staff, "addTeamMember", id=first, personId=typed(agency.contractor))
    services = await agency.ask(
        agency.staff, "query ($id: ID!) { order(id: $id) { services { id } } }", id=second
    )
    service_id = services["order"]["services"][0]["id"]
    await agency.do(agency.staff, "escalateOrderService", id=service_id, reason="Rain")
    return [first, second, third]


SOON = (datetime.now(UTC) + timedelta(hours=1)).isoformat()


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, ["000003", "000002", "000001"]),
        ({"status": {"in": ["PENDING"]}}, ["000003", "000001"]),
        ({"status": {"notIn": ["PENDING"]}}, ["000002"]),
        ({"paymentStatus": {"in": ["PAID"]}}, ["000003"]),
        ({"service": {"in": ["photos"]}}, ["000001"]),
        ({"service": {"notIn": ["photos"]}}, ["000003", "000002"]),
        ({"teamMember": {"in": ["contractor"]}}, ["000001"]),
        ({"customer": {"in": ["stranger"]}}, ["000002"]),
        ({"escalated": True}, ["000002"]),
        ({"escalated": False}, ["000003", "000001"]),
        ({"createdAt": {"from": SOON}}, []),
        ({"createdAt": {"before": SOON}}, ["000003", "000002", "000001"]),
        ({"dueAt": {"from": "2029-06-01T00:00:00Z"}}, ["000002"]),
        ({"dueAt": {"before": "2029-06-01T00:00:00+02:00"}}, ["000003"]),
        ({"search": "vill"}, ["000001"]),
        ({"search": "genève rue"}, ["000002"]),
        ({"search": "genève elm"}, []),
        ({"search": "carl"}, ["000003", "000001"]),
        ({"search": "drone"}, ["000002"]),
        ({"search": "#000003"}, ["000003"]),
        ({"search": "100%"}, ["000003"]),
        ({"search": "_"}, []),
        ({"or": [{"search": "villa"}, {"search": "loft"}]}, ["000002", "000001"]),
        ({"and": [{"search": "v"}, {"search": "villa"}]}, ["000001"]),
        ({"not": {"status": {"in": ["PENDING"]}}}, ["000002"]),
        ({"or": []}, []),
    ],
)
async def test_filters(agency: Agency, wanted: dict[str, Any], numbers: list[str]) -> None:
    await a_few(agency)
    for choice in wanted.values():
        if isinstance(choice, dict):
            for key, values in choice.items():
                if isinstance(values, list):
                    choice[key] = [
                        typed(getattr(agency, v)) if hasattr(agency, str(v)) else v for v in values
                    ]
    assert await found(agency, filter=wanted) == numbers


@pytest.mark.parametrize(
    ("sort", "numbers"),
    [
        ([{"by": "NUMBER"}], ["000001", "000002", "000003"]),
        ([{"by": "NAME"}], ["000003", "000002", "000001"]),
        ([{"by": "DUE_AT"}], ["000003", "000002", "000001"]),
        ([{"by": "DUE_AT", "direction": "DESC"}], ["000001", "000002", "000003"]),
        ([{"by": "STATUS"}, {"by": "NUMBER", "direction": "DESC"}], ["000003", "000001", "000002"]),
        (
            [{"by": "PAYMENT_STATUS", "direction": "DESC"}, {"by": "NAME"}],
            ["000003", "000002", "000001"],
        ),
        ([{"by": "CREATED_AT"}], ["000001", "000002", "000003"]),
        ([{"by": "UPDATED_AT", "direction": "DESC"}], ["000001", "000003", "000002"]),
    ],
)
async def test_sorting_and_pages(
    agency: Agency, sort: list[dict[str, str]], numbers: list[str]
) -> None:
    await a_few(agency)
    assert await found(agency, sort=sort) == numbers
    forwards: list[str] = []
    place: dict[str, Any] = {"first": 1}
    while True:
        page = (await agency.ask(agency.staff, ORDERS, sort=sort, **place))["orders"]
        assert page["totalCount"] == 3
        forwards += [edge["node"]["number"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        place["after"] = page["pageInfo"]["endCursor"]
    assert forwards == numbers
    backwards: list[str] = []
    place = {"last": 2}
    while True:
        page = (await agency.ask(agency.staff, ORDERS, sort=sort, **place))["orders"]
        backwards = [edge["node"]["number"] for edge in page["edges"]] + backwards
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        place["before"] = page["pageInfo"]["startCursor"]
    assert backwards == numbers


async def test_a_page_holds_its_place_while_orders_come(agency: Agency) -> None:
    await a_few(agency)
    page = (await agency.ask(agency.staff, ORDERS, first=2))["orders"]
    await agency.book(name="Brand new")
    after = page["pageInfo"]["endCursor"]
    assert await found(agency, first=2, after=after) == ["000001"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"first": -1}, "first"),
        ({"first": 0}, "first"),
        ({"first": 10_000}, "first"),
        ({"last": 101}, "last"),
        ({"first": 1, "last": 1}, "last"),
        ({"after": "nonsense"}, "after"),
        ({"after": ""}, "after"),
        ({"before": "W10"}, "before"),
        ({"after": "WyJOVU1CRVIiLDEsIngiXQ"}, "after"),
        ({"filter": {"search": "x" * 201}}, "filter.search"),
        (
            {"filter": {"service": {"in": ["ord_01m858kp40e7085jjr8q1zgh7e"]}}},
            "filter.service.in.0",
        ),
        ({"filter": {"status": {"in": ["PENDING"] * 101}}}, "filter.status.in"),
        ({"filter": {"createdAt": {"from": "2030-01-01T00:00:00"}}}, "filter.createdAt.from"),
        ({"sort": [{"by": "NAME"}] * 6}, "sort"),
    ],
)
async def test_bad_input_is_refused(agency: Agency, given: dict[str, Any], field: str) -> None:
    answer = await agency.ask(agency.staff, ORDERS, **given)
    assert answer.error == {"code": "BAD_USER_INPUT", "field": field}


async def test_filters_may_not_be_nested_deeply(agency: Agency) -> None:
    wanted: dict[str, Any] = {}
    for _ in range(5):
        wanted = {"not": wanted}
    answer = await agency.ask(agency.staff, ORDERS, filter=wanted)
    assert answer.error == {"code": "BAD_USER_INPUT", "field": "filter.not.not.not.not.not"}


async def test_an_order_is_found_by_id_or_number(agency: Agency) -> None:
    order_id = await agency.book()
    for given in (f'id: "{order_id}"', 'number: "1"', 'number: "000001"'):
        answer = await agency.ask(agency.staff, f"{{ order({given}) {{ id }} }}")
        assert answer["order"] == {"id": order_id}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("", {"code": "BAD_USER_INPUT", "field": "id"}),
        ('id: "x"', {"code": "BAD_USER_INPUT", "field": "id"}),
        ('id: "ord_01m858kp40e7085jjr8q1zgh7e"', {"code": "NOT_FOUND", "field": "id"}),
        ('number: "7"', {"code": "NOT_FOUND", "field": "number"}),
        ('number: "-1"', {"code": "BAD_USER_INPUT", "field": "number"}),
        ('number: "²"', {"code": "BAD_USER_INPUT", "field": "number"}),
        ('number: "9999999999"', {"code": "BAD_USER_INPUT", "field": "number"}),
    ],
)
async def test_an_order_that_is_not_found(
    agency: Agency, given: str, error: dict[str, str]
) -> None:
    arguments = f"({given})" if given else ""
    answer = await agency.ask(agency.staff, f"{{ order{arguments} {{ id }} }}")
    assert answer.error == error


async def test_a_board_costs_the_same_statements_for_5_and_for_50_orders(
    agency: Agency, statements: list[str]
) -> None:
    costs = []
    for size in (5, 45):
        for i in range(size):
            order_id = await agency.book()
            text = f"Message {i}"
            await agency.do(agency.staff, "postMessage", orderId=order_id, text=text)
            await agency.do(
                agency.staff, "setProjectManager", id=order_id, personId=typed(agency.manager)
            )
        statements.clear()
        answer = await agency.ask(agency.staff, BOARD, first=50)
        costs.append(len(statements))
        assert len(answer["orders"]["edges"]) == (5 if size == 5 else 50)
    # orders, customers, project managers, teams, progress, services, assignees,
    # services' progress, last messages, authors: one each.
    assert costs == [10, 10]


async def test_people_are_found_by_permission_role_and_name(agency: Agency) -> None:
    async def names(arguments: str) -> list[str]:
        answer = await agency.ask(
            agency.staff, f"{{ people({arguments}) {{ edges {{ node {{ name }} }} }} }}"
        )
        return [edge["node"]["name"] for edge in answer["people"]["edges"]]

    assert await names("permission: [ADMIN, STAFF]") == ["Ada Admin", "Mia Manager", "Sam Staff"]
    assert await names("jobRole: [VIDEO_EDITOR, PHOTO_EDITOR]") == ["Cleo Contractor", "Sam Staff"]
    assert await names('search: "cUsT"') == ["Carl Customer"]


async def test_the_catalogue_is_listed(agency: Agency) -> None:
    answer = await agency.ask(
        agency.customer,
        "{ services { edges { node { name } } }"
        "  packages { edges { node { name services { name } } } } }",
    )
    assert [edge["node"]["name"] for edge in answer["services"]["edges"]] == [
        "Photos",
        "Drone Video",
    ]
    assert answer["packages"]["edges"] == [
        {"node": {"name": "Complete", "services": [{"name": "Photos"}, {"name": "Drone Video"}]}}
    ]
