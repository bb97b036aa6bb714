"""What was released goes on to work: the schema beside that of the last release."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from graphql import build_schema
from typer.testing import CliRunner

import schema
from schema.changes import Changes, elements
from server import commands

RELEASED = Path(__file__).parent.parent / "schema.released.graphql"
TODAY = date(2030, 6, 1)
BLUE = ' BLUE @deprecated(reason: "Use RED. Removed on 2030-05-31.")'
OLD_ARGUMENT = 'old: Int @deprecated(reason: "Removed on 2030-06-01."),'
DOOR = 'door: Door @deprecated(reason: "Removed on 2030-06-01.")'
SIZE = 'size: Int @deprecated(reason: "Removed on 2030-06-02.")'
OLD = f"""
enum Colour {{ RED {BLUE} }}
input Paint {{ colour: Colour, coats: Int }}
type Handle {{ brass: Boolean }}
type Door {{ handle: Handle }}
type Query {{
  wall(paint: Paint, {OLD_ARGUMENT} new: Int): Int
  {DOOR}
  {SIZE}
}}
"""


def test_nothing_that_was_released_is_broken() -> None:
    """What can be noticed, but breaks nothing, is listed by `make release`."""
    released = build_schema(RELEASED.read_text(encoding="utf-8"))
    changes = Changes.between(released, schema.core(), datetime.now(UTC).date())
    assert changes.breaking == [], "clients would fail: docs/maintaining.md says what to do"


@pytest.mark.parametrize(
    ("right", "wrong", "breaking"),
    [
        ("coats: Int", "coats: Int, finish: String", []),
        (" new: Int", "", ["Argument Query.wall(new:) was removed."]),
        ("coats: Int", "coats: Int!", ["Field Paint.coats changed type from Int to Int!."]),
        ("RED", "GREEN", ["Enum value Colour.RED was removed."]),
        (BLUE, "", []),
        (OLD_ARGUMENT, "", []),
        (DOOR, "", []),
        ("brass: Boolean", "steel: Boolean", []),  # of what may be gone as a whole
        (SIZE, "", ["Field Query.size was removed."]),  # a day too early
        (SIZE, "size: Int!", []),
        (SIZE, "size: [Int]", ["Field Query.size changed type from Int to [Int]."]),
        (DOOR, "door: Int", ["Field Query.door changed type from Door to Int."]),
    ],
)
def test_what_breaks_clients_is_found(right: str, wrong: str, breaking: list[str]) -> None:
    assert right in OLD
    now = build_schema(OLD.replace(right, wrong))
    assert Changes.between(build_schema(OLD), now, TODAY).breaking == breaking


def test_types_go_with_what_they_were_for() -> None:
    now = OLD.replace(DOOR, "").replace("type Handle { brass: Boolean }", "")
    now = now.replace("type Door { handle: Handle }", "")
    assert Changes.between(build_schema(OLD), build_schema(now), TODAY).breaking == []
    before = date(2030, 5, 31)
    assert Changes.between(build_schema(OLD), build_schema(now), before).breaking == [
        "Door was removed.",
        "Field Query.door was removed.",
        "Handle was removed.",
    ]


def test_what_can_be_noticed_is_listed() -> None:
    now = build_schema(OLD.replace("RED", "RED GREEN").replace("new: Int", "new: Int, more: Int"))
    assert Changes.between(build_schema(OLD), now, TODAY) == (
        [],
        [
            "An optional argument Query.wall(more:) was added.",
            "Enum value Colour.GREEN was added.",
        ],
    )


def undated(sdl: str) -> list[str]:
    """The deprecated elements of a schema whose reason does not say when they go."""
    return [
        each.coordinate
        for each in elements(build_schema(sdl))
        if each.reason is not None and each.goes_on is None
    ]


def test_what_is_deprecated_says_when_it_goes() -> None:
    assert undated(schema.build().as_str()) == []


def test_what_does_not_say_when_it_goes_is_found() -> None:
    assert undated(OLD) == []
    sdl = 'type Query { a: Int @deprecated, b(c: Int @deprecated(reason: "+soon+")): Int }'
    assert undated(sdl) == ["Query.a", "Query.b(c:)"]


def test_the_command_lists_them_and_fails_if_clients_would(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    released = tmp_path / "released.graphql"
    monkeypatch.setattr(commands, "_RELEASED", released)
    now = schema.build().as_str()
    released.write_text(now)
    assert CliRunner().invoke(commands.cli, ["changes"]).output == ""
    released.write_text(now.replace("type Progress {", "type Progress {\n  percent: Int"))
    told = CliRunner().invoke(commands.cli, ["changes"])
    assert told.exit_code == 1
    assert told.output.startswith("Breaking:\nField Progress.percent was removed.\n")
