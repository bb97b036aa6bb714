"""Plans: what operations select is kept, and never mistaken for another operation's."""

from uuid import UUID

import pytest
from factories import Agency, typed

from core.database import Database
from engine import plans
from engine.plans import PLANS

CHOICE = """query ($first: Int!, $with: Boolean!, $without: Boolean! = false) {
  orders(first: $first) { edges { node {
    number @include(if: $with)
    ...More @skip(if: $without)
  } } }
}
fragment More on Order { customer { name email @include(if: $with) } }"""

MANY, LONG = 20, 30_000
"""Of so many documents, each that much longer, not all are kept."""
CHOSEN = 20 * 1024 * 1024
"""More than the plans of one operation may weigh."""
NOTES = 'mutation ($id: ID!) { updateOrderNotes(input: {id: $id, notes: "New"})'
"""Without what is asked of its payload."""


@pytest.fixture
def moments(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One element for each transaction that reads have begun."""
    begun: list[None] = []
    begin = database.moment

    async def noted(within: UUID) -> object:
        begun.append(None)
        return await begin(within)

    monkeypatch.setattr(database, "moment", noted)
    return begun


async def test_a_plan_is_kept(agency: Agency) -> None:
    await agency.book()
    document = "{ orders(first: 5) { edges { node { name customer { name } } } } } # kept"
    first = await agency.ask(agency.staff, document)
    hits, misses = PLANS.hits, PLANS.misses
    assert (await agency.ask(agency.staff, document)).data == first.data
    assert (PLANS.hits, PLANS.misses) == (hits + 1, misses)


async def test_what_is_left_out_is_another_plan(agency: Agency) -> None:
    await agency.book()
    customer = {"name": "Carl Customer"}
    full = {**customer, "email": "carl.customer@example.com"}
    for _ in range(2):
        for given, node in [
            ({"with": True}, {"number": "000001", "customer": full}),
            ({"with": False}, {"customer": customer}),
            ({"with": True, "without": True}, {"number": "000001"}),
            ({"with": False, "without": True}, {}),
        ]:
            answer = await agency.ask(agency.staff, CHOICE, first=1, **given)
            assert answer["orders"]["edges"] == [{"node": node}]


async def test_a_plan_holds_nothing_of_a_request(agency: Agency) -> None:
    for name in ("photos", "video"):
        await agency.book(serviceIds=[typed(getattr(agency, name))])
    document = """query ($id: ID, $status: [ServiceStatus!]) {
      order(id: $id) { services(status: $status) { name } }
    }"""
    found = await agency.ask(agency.staff, "{ orders { edges { node { id } } } }")
    ids = [edge["node"]["id"] for edge in found["orders"]["edges"]]
    for status, sizes in (["PRE_PRODUCTION"], [1, 1]), ([], [0, 0]), (None, [1, 1]):
        answers = [await agency.ask(agency.staff, document, id=each, status=status) for each in ids]
        assert [len(answer["order"]["services"]) for answer in answers] == sizes


async def test_plans_weigh_no_more_than_told(agency: Agency) -> None:
    PLANS.clear()
    for number in range(MANY):
        await agency.ask(agency.staff, "{ __typename } #" + f"{number}" * LONG)
    assert 0 < len(PLANS) < MANY
    assert PLANS.weight <= plans.KEPT


async def test_choices_are_not_kept_without_end(agency: Agency) -> None:
    PLANS.clear()
    names = [f"a{number}" for number in range(12)]
    given = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: id @include(if: ${name})" for name in names) + " id" * 90
    document = f"query ({given}) {{ viewer {{ person {{ {fields} }} }} }}"
    for number in range(200):
        chosen = {name: bool(number >> bit & 1) for bit, name in enumerate(names)}
        answer = await agency.ask(agency.staff, document, **chosen)
        assert answer["viewer"]["person"].keys() - {"id"} == {n for n in names if chosen[n]}
    assert PLANS.weight < CHOSEN


@pytest.mark.parametrize(
    ("document", "begun"),
    [
        ("query ($id: ID) { order(id: $id) { id name property { city } } }", 0),
        ("query ($id: ID) { __typename order(id: $id) { ...F } } fragment F on Order { id }", 0),
        ("query ($id: ID) { order(id: $id) { customer { name } } }", 1),
        (
            "query ($id: ID) { order(id: $id) { ...F } } fragment F on Order { team { id } }",
            1,
        ),
        ("query ($id: ID) { a: order(id: $id) { id } b: order(id: $id) { id } }", 1),
        ("query ($id: ID) { order(id: $id) { id } viewer { person { id } } }", 1),
        ("query ($id: ID!) { nodes(ids: [$id]) { id } }", 1),
        ("query ($id: ID) { order(id: $id) { id } orders { totalCount } }", 1),
        (f"{NOTES} {{ order {{ id notes }} cursor }} }}", 0),
        (f"{NOTES} {{ order {{ customer {{ name }} }} }} }}", 0),
        (f"{NOTES} {{ order {{ ...F }} }} }} fragment F on Order {{ customer {{ id }} }}", 1),
        (f"{NOTES} {{ order {{ customer {{ id }} lead: customer {{ name }} }} }} }}", 1),
        (f"{NOTES} {{ order {{ team {{ id }} }} }} }}", 1),
    ],
)
async def test_only_what_reads_once_is_read_without_a_transaction(
    agency: Agency, moments: list[None], document: str, begun: int
) -> None:
    order_id = await agency.book()
    moments.clear()
    answer = await agency.ask(agency.staff, document, id=order_id)
    assert not answer.errors
    assert len(moments) == begun
