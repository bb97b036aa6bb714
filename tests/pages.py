"""The pages of the documentation, and what stands on them."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import schema
from server.settings import Settings

ROOT = Path(__file__).parent.parent
README, CLIENTS, REALTIME, OPERATIONS, ARCHITECTURE, MAINTAINING, SIGN_IN, SECURITY = WHOLE = [
    ROOT / "README.md",
    *(
        ROOT / "docs" / f"{name}.md"
        for name in (
            *("clients", "realtime", "operations", "architecture", "maintaining"),
            *("sign-in", "security"),
        )
    ),
]
PERFORMANCE = ROOT / "docs" / "performance.md"
SUBSCRIBING = ROOT / "docs" / "subscribing.md"
"""Whose programs `tests/test_subscribing.py` runs."""
FAULTS = ROOT / "docs" / "faults.md"
PAGES = [*WHOLE, PERFORMANCE, SUBSCRIBING, FAULTS, *sorted(ROOT.glob("docs/decisions/*.md"))]
EXAMPLES = ROOT / "console" / "src" / "examples.ts"
API = schema.core()
ENDS = 1012
"""The close code of a server that ends; it and 1007 and 1009 are of uvicorn."""


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return [str(each) for each in found]


def table(page: Path, head: str) -> list[list[str]]:
    """The rows of the table of a page whose first column has this head, without code marks."""
    tables = re.findall(r"(?:^\|.*\n)+", page.read_text(), re.MULTILINE)
    (found,) = (each for each in tables if each.startswith(f"| {head} |"))
    cells = (re.split(r"(?<!\\)\|", line)[1:-1] for line in found.splitlines()[2:])
    return [[cell.strip().replace("`", "") for cell in row] for row in cells]


def column(page: Path, head: str, number: int = 0) -> list[str]:
    """A column of such a table."""
    return [row[number] for row in table(page, head)]


def words(page: Path) -> set[str]:
    """What a page has in code marks within its text."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"`([^`\n]+)`", prose))


def named(place: str) -> Any:
    """What has this name in the code: `folder.module.name`."""
    folder, *rest = place.split(".")
    found: Any = importlib.import_module(folder)
    for i, name in enumerate(rest):
        if not hasattr(found, name):
            importlib.import_module(".".join([folder, *rest[: i + 1]]))
        found = getattr(found, name)
    return found


def settings() -> dict[str, str]:
    """The names of the settings in the environment, and their defaults."""
    return {
        str(each.validation_alias or f"CALLSHEET_{name.upper()}"): ""
        if each.default is None
        else str(each.default)
        for name, each in Settings.model_fields.items()
    }


def anchors(page: Path) -> set[str]:
    """The places of a page that a link can lead to."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def operations_of(page: Path) -> Iterator[str]:
    """The GraphQL operations of a page, or of the console's examples."""
    yield from blocks(page, "graphql")
    scripts = blocks(page, "js") if page.suffix == ".md" else [page.read_text()]
    for script in scripts:
        yield from re.findall(r"query: `(.*?)`", script, re.DOTALL)


def names_of_the_api() -> Iterator[str]:
    """The names of all types, fields, arguments and values."""
    for kind in API.type_map.values():
        yield kind.name
        yield from getattr(kind, "values", ())
        for name, field in getattr(kind, "fields", {}).items():
            yield name
            yield from getattr(field, "args", ())


API_NAMES = set(names_of_the_api())


def there(name: str) -> Iterator[Path]:
    """The files or folders that have this name, from the top or in one of the folders."""
    yield from ROOT.glob(name)
    yield from ROOT.glob(f"*/{name}")
