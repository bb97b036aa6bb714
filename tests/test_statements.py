"""An operation sends as many statements as it has places that need the database."""

import pytest
from factories import Agency

ORDERS = "query { orders(first: 50) { edges { node { %s } } } }"
ORDER = "query ($id: ID!) { order(id: $id) { %s } }"
CHECKLISTS = "checklists { title progress { done } items { text doneBy { name } } }"
OPERATIONS = {
    "a slim list": (ORDERS % "id number name status dueAt property { city }", 1),
    "a list and its length": ("{ orders(first: 5) { totalCount edges { cursor } } }", 2),
    "a board": (
        ORDERS
        % """name customer { name } projectManager { name } progress { done total }
        services { name assignee { name } progress { done } }
        lastMessage { text author { name } }""",
        9,
    ),
    "a board with feeds": (ORDERS % "feed(first: 20) { edges { node { __typename } } }", 3),
    "one order": (ORDER % "name status notes", 1),
    "an order and its people": (
        ORDER % "customer { name } projectManager { name } team { name } assignments { role }",
        5,
    ),
    "an order and its checklists": (
        ORDER % f"{CHECKLISTS} services {{ {CHECKLISTS} }}",
        # Nobody has ticked anything: `doneBy` asks nothing.
        8,
    ),
    "two places of one kind": (
        """query ($id: ID!) {
          a: order(id: $id) { customer { name } } b: order(id: $id) { customer { name } }
        }""",
        4,
    ),
    "people": ("{ people(first: 50) { edges { node { name jobRoles } } } }", 1),
    "the catalogue": (
        """{ services { edges { node { name checklistTemplates { title } } } }
          packages { edges { node { name services { name } } } } }""",
        4,
    ),
    "activity": (
        "{ activity(first: 50) { edges { node { summary actor { name } order { name } } } } }",
        3,
    ),
    "who asks": ("{ viewer { person { name } organization { name } } }", 2),
    "things by their ids": ("query ($id: ID!) { node(id: $id) { id } }", 1),
}


@pytest.mark.parametrize("name", OPERATIONS)
async def test_an_operation_sends_a_statement_per_place(
    agency: Agency, statements: list[str], name: str
) -> None:
    document, expected = OPERATIONS[name]
    sent = []
    for _ in range(2):
        ids = [await agency.book() for _ in range(3)]
        await agency.do(agency.staff, "postMessage", orderId=ids[0], text="The photos are in.")
        statements.clear()
        answer = await agency.ask(agency.staff, document, id=ids[0])
        assert not answer.errors
        sent.append(len(statements))
    assert sent == [expected, expected]


@pytest.mark.parametrize(
    "field",
    [
        "orders { edges { node { name } } }",
        "orders(filter: {status: {in: [PENDING]}}) { edges { node { name } } }",
        "orders(sort: [{by: NAME}]) { edges { node { name } } }",
    ],
)
async def test_a_list_reads_only_what_is_needed_however_it_is_cut(
    agency: Agency, statements: list[str], field: str
) -> None:
    await agency.book()
    statements.clear()
    answer = await agency.ask(agency.staff, f"{{ {field} }}")
    assert len(answer["orders"]["edges"]) == 1
    selected = statements[0].partition("FROM")[0]
    assert "orders.name" in selected
    assert "orders.notes" not in selected


async def test_the_log_and_people_are_read_so_too(agency: Agency, statements: list[str]) -> None:
    await agency.book()
    statements.clear()
    document = "{ activity { edges { node { at } } } people { edges { node { phone } } } }"
    assert not (await agency.ask(agency.staff, document)).errors
    log, people = sorted(each.partition("FROM")[0] for each in statements)
    assert "log_entries.at" in log
    assert "params" not in log
    assert "people.phone" in people
    assert "email" not in people
