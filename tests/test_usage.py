"""What operations use of a schema: its fields, and what is deprecated in it."""

from typing import Any

import pytest
from factories import Agency
from graphql import OperationType, build_schema

from core.context import Context
from server.operations import Operation
from server.telemetry.metrics import Metrics
from server.telemetry.observer import Observer
from server.telemetry.slow import SlowLog
from server.telemetry.usage import Usage

OLD = build_schema("""
enum Colour { RED BLUE @deprecated(reason: "Removed on 2030-01-01: use RED.") }
input Paint { colour: Colour, coats: Int @deprecated(reason: "Removed on 2030-01-01.") }
input Job { paints: [Paint!], note: String }
type Wall { height: Int, size: Int @deprecated(reason: "Removed on 2030-01-01: use height.") }
type Query {
  wall(old: Int @deprecated(reason: "Removed on 2030-01-01."), job: Job, colour: Colour): Wall
  door: Int
}
type Mutation { paint(job: Job!): Wall }
""")


def operation(query: str, name: str | None = None, **variables: Any) -> Operation:
    """An operation as a client sends it."""
    return Operation(query, variables, name, OperationType.QUERY, is_persisted=False)


@pytest.mark.parametrize(
    ("query", "variables", "found"),
    [
        ("{ wall { height } }", {}, set()),
        ("{ wall { size } }", {}, {"Wall.size"}),
        ("{ wall { ...w } } fragment w on Wall { size }", {}, {"Wall.size"}),
        ("{ wall(old: 1) { height } }", {}, {"Query.wall(old:)"}),
        ("{ wall(colour: BLUE) { height } }", {}, {"Colour.BLUE"}),
        ("{ wall(colour: RED) { height @include(if: true) } }", {}, set()),
        ("{ wall(job: {paints: [{coats: 2}]}) { height } }", {}, {"Paint.coats"}),
        ("query ($c: Colour) { wall(colour: $c) { height } }", {"c": "BLUE"}, {"Colour.BLUE"}),
        ("query ($c: Colour) { wall(colour: $c) { height } }", {"c": "RED"}, set()),
        ("query ($c: Colour) { wall(colour: $c) { height } }", {}, set()),
        (
            "mutation ($j: Job!) { paint(job: $j) { size } }",
            {"j": {"paints": [{"coats": 1}, {"colour": "BLUE"}], "note": "BLUE"}},
            {"Wall.size", "Paint.coats", "Colour.BLUE"},
        ),
    ],
)
def test_deprecated_elements_are_found(
    query: str, variables: dict[str, Any], found: set[str]
) -> None:
    used = Usage(OLD).note(operation(query, **variables))
    assert used.outdated(variables) == found


@pytest.mark.parametrize(
    ("query", "root"),
    [
        ("{ door }", "door"),
        ("{ a: door b: door }", "door"),
        ("{ door wall { height } }", "several"),
        ("{ __typename }", "introspection"),
        ("{ __schema { types { name } } }", "introspection"),
        ("{ unknown }", "introspection"),
    ],
)
def test_an_operation_is_named_by_its_root(query: str, root: str) -> None:
    assert Usage(OLD).note(operation(query)).root == root


def test_fields_are_counted_of_the_operation_alone() -> None:
    usage, query = Usage(OLD), "query A { door } query B { wall { height } __typename }"
    usage.note(operation(query, "A"))
    usage.note(operation(query, "B"))
    usage.note(operation(query, "B"))
    assert usage.fields() == {
        ("Query", "door"): 1,
        ("Query", "wall"): 2,
        ("Wall", "height"): 2,
    }


def test_counts_outlive_the_documents_that_are_kept() -> None:
    usage = Usage(OLD)
    for i in range(1000):
        usage.note(operation(f"query Name{i} {{ door }}"))
    assert usage.fields() == {("Query", "door"): 1000}
    assert len(usage._counts) < 1000  # noqa: SLF001 - that it is bounded can't be seen otherwise


async def test_who_uses_what_is_deprecated_is_counted_and_logged_once(
    agency: Agency, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = Metrics()
    observer = Observer(metrics, Usage(OLD), SlowLog(agency.database, 0), None, known=False)
    people = [agency.staff, agency.staff, agency.customer]
    for person in people:
        context: Context = agency.context(person)
        with observer.watch("an id", "http") as watch:
            watch.viewer = context.viewer
            watch.begins(operation("{ wall { size } }"))
        observer._ended(watch)  # noqa: SLF001 - which the loop calls otherwise, later
    counted = {
        (sample.labels["element"], sample.labels["by"]): sample.value
        for family in metrics.deprecated.collect()
        for sample in family.samples
    }
    assert counted == {("Wall.size", "STAFF"): 2, ("Wall.size", "CUSTOMER"): 1}
    told = [vars(each) for each in caplog.records if each.message == "deprecated"]
    assert [each["element"] for each in told] == ["Wall.size"] * 2
    assert len({each["viewer"] for each in told}) == 2
