"""graphql-eslint on the schema: all its rules, but for those that its configuration names."""

import json
from pathlib import Path

import pytest
from npm import needs, node, project

import schema

LINT = "eslint/bin/eslint.js"
UNREACHABLE = "Enum type `ErrorCode` is unreachable."
"""On purpose: it documents what is in `extensions`."""
needs_eslint = needs("eslint", "@graphql-eslint/eslint-plugin")


async def findings(folder: Path, sdl: str) -> list[str]:
    """What the linter finds in a schema."""
    project("lint", folder, sdl)
    _, out, err = await node(folder, LINT, "schema.graphql", "--format", "json")
    assert not err
    (checked,) = json.loads(out)
    return [each["message"] for each in checked["messages"]]


@needs_eslint
async def test_nothing_is_found_in_the_schema(tmp_path: Path) -> None:
    assert await findings(tmp_path, schema.build().as_str()) == [UNREACHABLE]


GOOD = '''
"""What can be read."""
type Query {
  """How far it is."""
  progress: Progress
}

"""How far."""
type Progress {
  done: Int
}
'''


@needs_eslint
@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [
        ("Query", "Query", None),
        ("Progress", "progress_of", 'Type "progress_of" should be in PascalCase format'),
        ("done", "Done_so_far", 'Field "Done_so_far" should be in camelCase format'),
        (
            "done",
            "progressDone",
            'Field "progressDone" starts with the name of the parent type "Progress"',
        ),
        ('"""How far."""\n', "", 'Description is required for type "Progress"'),
        (
            "done: Int",
            "done: Int @deprecated",
            'Deprecation reason is required for field "done" in type "Progress".',
        ),
    ],
)
async def test_what_breaks_a_rule_is_found(
    tmp_path: Path, right: str, wrong: str, found: str | None
) -> None:
    assert right in GOOD
    assert await findings(tmp_path, GOOD.replace(right, wrong)) == ([found] if found else [])
