"""What clients would notice: how the API differs from that of the last release."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from graphql import (
    BreakingChange,
    BreakingChangeType,
    GraphQLSchema,
    find_breaking_changes,
    find_dangerous_changes,
    get_named_type,
)

_DATED = re.compile(r"\bRemoved on (\d{4}-\d\d-\d\d)\b")
"""What the reason of a deprecation must say: from when on clients can't count on the element."""


class Element(NamedTuple):
    """A field, an argument, or a value of an enum."""

    coordinate: str
    owner: str
    kind: str | None
    """The type of its values."""
    reason: str | None
    """Why it is deprecated, if it is."""

    @property
    def goes_on(self) -> date | None:
        """From when on it may be gone; None if nobody has said so."""
        found = _DATED.search(self.reason or "")
        return date.fromisoformat(found[1]) if found else None


class Changes(NamedTuple):
    """How a schema differs from an earlier one."""

    breaking: list[str]
    """What may make a client fail."""
    dangerous: list[str]
    """What clients can notice, and must be able to live with."""

    @classmethod
    def between(cls, released: GraphQLSchema, now: GraphQLSchema, today: date) -> "Changes":
        """The changes since a release; what was announced to go until today may be gone."""
        gone = _announced(released, today)
        breaking = [
            each.description
            for each in find_breaking_changes(released, now)
            if not _was_announced(each, gone)
        ]
        dangerous = [each.description for each in find_dangerous_changes(released, now)]
        return cls(sorted(breaking), sorted(dangerous))


def elements(schema: GraphQLSchema) -> Iterator[Element]:
    """All elements of a schema."""
    for kind in schema.type_map.values():
        members: dict[str, Any] = {**getattr(kind, "fields", {}), **getattr(kind, "values", {})}
        for name, member in members.items():
            coordinate = f"{kind.name}.{name}"
            yield _element(coordinate, kind.name, member)
            for argument, given in getattr(member, "args", {}).items():
                yield _element(f"{coordinate}({argument}:)", kind.name, given)


def _element(coordinate: str, owner: str, member: Any) -> Element:
    named: Any = get_named_type(getattr(member, "type", None))
    return Element(coordinate, owner, named and named.name, member.deprecation_reason)


def _announced(released: GraphQLSchema, today: date) -> set[str]:
    """What a release has announced to be gone by now: elements, and the types of no others."""
    left, gone = set(elements(released)), set[str]()
    while found := {
        each
        for each in left
        if (each.goes_on and each.goes_on <= today) or each.coordinate in gone or each.owner in gone
    }:
        left -= found
        used = {each.kind for each in left}
        gone |= {each.coordinate for each in found}
        gone |= {each.kind for each in found if each.kind and each.kind not in used}
    return gone


def _was_announced(change: BreakingChange, gone: set[str]) -> bool:
    removed = change.type in {
        BreakingChangeType.TYPE_REMOVED,
        BreakingChangeType.FIELD_REMOVED,
        BreakingChangeType.ARG_REMOVED,
        BreakingChangeType.VALUE_REMOVED_FROM_ENUM,
    }
    named = re.search(r"(\S+) was removed\.$", change.description)
    return bool(removed and named and named[1] in gone)
