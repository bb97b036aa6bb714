"""Questions with which one may try to find out what one may not see."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import schema_walk
from everything_asked import Given, ask, questions, replay, walk
from factories import typed
from graphql import GraphQLEnumType, GraphQLNamedType
from stage import Stage

from core.cursors import Cursor
from models import Order, Person, Service

_ACCEPTED = {"version", "updatedAt", "UPDATED_AT"}
"""What tells customers that something happened to what they see, but not what."""
_END = json.dumps(["cursor", {}])
"""What tells everybody how much is done, but not what."""
_COMBINED = {"and", "or", "not"}
_SOME = 7


def hidden_words(stage: Stage, by: Person) -> list[str]:
    """The marks in texts of the agency that somebody may not see."""
    hidden = stage.facts.everything() - stage.facts.readable(by)
    return sorted(word for word in hidden if word.startswith("untolda"))


async def all_told(stage: Stage, words: list[str]) -> dict[Any, Any]:
    """What those outside are told: of everything, and with each argument at many values."""
    agency, people = stage.agency, stage.people
    told = {}  # type: ignore[var-annotated] # test code, checked by running it
    for role in ("idle", "customer", "stranger", "former", "outsider"):
        answers = await walk(agency, people[role], stage.ids)
        del answers[_END]
        told |= {(role, question): answer for question, answer in answers.items()}
    by = people["customer"]
    for name, given in _variations(stage, by, words):
        told[name, repr(given)] = await ask(agency, by, name, given, edges=0)
    for name, given in _followings(stage, by, words):
        *events, _ready = await replay(agency, by, name, given, edges=0)
        told["live", name, repr(given)] = events  # type: ignore[index] # test code, checked by running it
    return {question: _accepted(answer) for question, answer in told.items()}


def _variations(stage: Stage, by: Person, words: list[str]) -> Iterator[tuple[str, Given]]:
    """Each list in Query, with each of its arguments, alone and combined, at many values."""
    for name in schema_walk.root("query"):
        for path, kind in schema_walk.leaves("query", name) if schema_walk.pages(name) else ():
            step = _SOME if _COMBINED & set(path) else 1
            for value in _values(stage, by, kind, words)[::step]:
                yield name, schema_walk.put(name, path, value)


def _followings(stage: Stage, by: Person, words: list[str]) -> Iterator[tuple[str, Given]]:
    """Each subscription, with each of its arguments at one value."""
    for name, given in questions("subscription", [stage.marked.mine.order]):
        for path, kind in schema_walk.leaves("subscription", name):
            if not _COMBINED & set(path) and kind.name != "Cursor":
                value = _values(stage, by, kind, words)[0]
                yield name, given | schema_walk.put(name, path, value, "subscription")


def _values(stage: Stage, by: Person, kind: GraphQLNamedType, words: list[str]) -> Sequence[Any]:
    if isinstance(kind, GraphQLEnumType):
        return sorted(kind.values.keys() - _ACCEPTED)
    rows = [row for table in (Person, Service, Order) for row in stage.facts.rows[table]]
    ours = [row for row in rows if row.organization_id == stage.agency.organization.id]
    found = {
        "ID": [typed(row) for row in ours],
        "Boolean": [True, False],
        "Int": [1],
        "String": words,
        "DateTime": [each.created_at.isoformat() for each in (by, ours[-1])],
        "Cursor": [str(Cursor.at(by.organization_id, seq, None)) for seq in (0, 4, 12)],
    }
    assert kind.name in found, f"say here what to try for a {kind.name}"
    return found[kind.name]  # type: ignore[return-value] # test code, checked by running it


def _accepted(told: Any) -> Any:
    """An answer without what was accepted."""
    if isinstance(told, list):
        return [_accepted(each) for each in told]
    if isinstance(told, dict):
        kept = {name: each for name, each in told.items() if name.split("_")[-1] not in _ACCEPTED}
        return {name: _accepted(each) for name, each in kept.items()}
    return told


def codes(answers: list[Any]) -> set[str]:
    """The codes of the errors in answers."""
    return {error["extensions"]["code"] for each in answers for error in each["errors"]}
