"""Arguments with which one may try to find out what one may not see."""

from collections.abc import Iterable, Iterator
from typing import Any

import schema_walk
from everything_asked import Given
from factories import typed
from graphql import GraphQLEnumType, GraphQLNamedType
from schema_walk import Path
from stage import Stage

from core import ids
from core.cursors import Cursor
from models import Organization, Person, new_id

ACCEPTED = {"version", "updatedAt"}
"""What tells customers that something happened to what they see, but not what."""
_FLAT = 2  # as `filter.search` is
_IN_OTHERS = {"and", "or", "not"}


def id_paths(operation: str, name: str) -> Iterator[Path]:
    """Where a root field takes ids, but for combinations of filters."""
    for path, kind in schema_walk.leaves(operation, name):
        if kind.name == "ID" and not _IN_OTHERS & set(path):
            yield path


def hidden_ids(stage: Stage, by: Person) -> Iterator[tuple[str, str]]:
    """Ids of things that somebody may not see, two of each table; each beside one of nothing."""
    for table, rows in stage.facts.rows.items():
        hidden = [row for row in rows if table in ids.PREFIXES and not stage.facts.may_see(by, row)]
        for row in {row.organization_id: row for row in hidden if table is not Organization}.values():
            yield typed(row), ids.encode(table, new_id())


def variations(stage: Stage, by: Person, words: list[str]) -> Iterator[tuple[str, Given]]:
    """Each field of Query that lists something, with each of its arguments, at many values."""
    for name in schema_walk.root("query"):
        if schema_walk.pages(name):
            for path, kind in schema_walk.leaves("query", name):
                for value in _values(stage, by, kind, words[:: 1 if len(path) == _FLAT else 9]):
                    yield name, schema_walk.arguments("query", name, path, value)


def _values(
    stage: Stage, by: Person, kind: GraphQLNamedType, words: list[str]
) -> Iterable[Any]:
    if isinstance(kind, GraphQLEnumType):
        return kind.values.keys() - {"UPDATED_AT"}  # see `ACCEPTED`
    match kind.name:
        case "ID":
            return [id for id in stage.ids if id[:3] in ("per", "svc", "ord")]
        case "Boolean":
            return [True, False]
        case "Int":
            return [1]
        case "String":
            return words
        case "DateTime":
            return [by.created_at.isoformat()]
        case "Cursor":
            return [str(Cursor.at(by.organization_id, seq, None)) for seq in (0, 4, 12)]
    raise AssertionError(f"say here what to try for a {kind.name}")


def unaccepted(told: Any) -> Any:
    """An answer without what was accepted."""
    if isinstance(told, list):
        return [unaccepted(each) for each in told]
    if isinstance(told, dict):
        kept = {name: each for name, each in told.items() if name.split("_")[-1] not in ACCEPTED}
        return {name: unaccepted(each) for name, each in kept.items()}
    return told
