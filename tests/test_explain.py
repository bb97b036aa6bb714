"""Whoever may is told how an operation was executed."""

import pytest
from asking import ask, code, data
from factories import Agency
from watched import Watched

ORDERS = """{ orders(first: 5) { edges { node {
  name customer { name } services { name assignee { name } }
} } } }"""
EXPLAIN = {"extensions": {"explain": True}}


async def test_what_each_place_took_is_told(agency: Agency, server: Watched) -> None:
    for _ in range(3):
        await agency.book()
    response = await ask(server, agency.admin, ORDERS, **EXPLAIN)
    told = response.json()["extensions"]["explain"]
    places = {place["path"]: place for place in told["places"]}
    node = "orders.edges.node"
    counts = {
        path: (place["objects"], place["statements"], place["rows"])
        for path, place in places.items()
    }
    assert counts == {
        "orders": (1, 1, 3),
        "orders.edges": (1, 0, 0),
        node: (3, 0, 0),
        f"{node}.customer": (3, 1, 1),
        f"{node}.services": (3, 1, 6),
        f"{node}.services.assignee": (6, 1, 0),
    }
    assert told["statements"] == 4
    for place in places.values():
        assert 0 <= place["statementsMs"] <= place["durationMs"]
        assert (place["statementsMs"] > 0) is (place["statements"] > 0)
    assert max(place["durationMs"] for place in places.values()) <= told["durationMs"]


async def test_each_statement_is_told_where_it_was_sent(agency: Agency, server: Watched) -> None:
    await agency.book()
    document = """{
      orders(filter: {status: {in: [PENDING]}}) { totalCount edges { node { name } } }
      activity { totalCount } people { totalCount edges { node { name } } }
    }"""
    told = (await ask(server, agency.admin, document, **EXPLAIN)).json()["extensions"]["explain"]
    counts = {place["path"]: place["statements"] for place in told["places"] if place["statements"]}
    # To count is asked of the page, which the root field gave.
    assert counts == {"orders": 2, "activity": 2, "people": 2}
    assert told["statements"] == 6


async def test_nobody_is_told_unasked(agency: Agency, server: Watched) -> None:
    response = await ask(server, agency.admin, ORDERS)
    assert data(response)  # and nothing beside it but the cost


@pytest.mark.parametrize("who", ["staff", "contractor", "customer"])
async def test_only_admins_are_told(agency: Agency, server: Watched, who: str) -> None:
    response = await ask(server, getattr(agency, who), ORDERS, **EXPLAIN)
    assert code(response) == "FORBIDDEN"
    assert "data" not in response.json()


async def test_explain_is_true_or_false(agency: Agency, server: Watched) -> None:
    response = await ask(server, agency.admin, ORDERS, extensions={"explain": "yes"})
    assert code(response) == "BAD_USER_INPUT"
