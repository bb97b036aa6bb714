"""Ids and cursors that somebody may not know, each beside one of nothing."""

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from factories import typed

from core import ids
from core.cursors import Cursor
from core.errors import Invalid
from models import LogEntry, new_id

_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FEW = 3
Things = Mapping[str, Sequence[tuple[str, str]]]
"""What is tried, by its kind: each beside one of nothing, which has the same form."""


def ids_of(rows: Iterable[Any]) -> Things:
    """The ids of rows by their prefix; of the log, those of one entry of each kind."""
    distinct = {row.kind if isinstance(row, LogEntry) else row.id: row for row in rows}
    nothing = {kind: ids.encode(model, new_id()) for kind, model in ids.MODELS.items()}
    things: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for each in map(typed, distinct.values()):
        things[each[:3]].append((each, nothing[each[:3]]))
    return things


def cursors_in(answers: Any) -> Things:
    """Some of the cursors in answers, by what they are sorted by; those of the log are `places`.

    Each twice: beside one just before it and one just after it.
    """
    things: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for text in _texts(answers):
        if found := _beside(text):
            kind, *others = found
            things[kind][text] = others
    return {
        kind: [
            (text, other)
            for text in list(found)[:: len(found) // _FEW or 1]
            for other in found[text]
        ]
        for kind, found in things.items()
    }


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict | list):
        for each in told.values() if isinstance(told, dict) else told:
            yield from _texts(each)


def _beside(cursor: str) -> list[str]:
    """What a cursor is sorted by, and such cursors of nothing; empty if it is no cursor."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if raw.startswith(b'["'):
            others = [_UUID.sub(partial(_moved, by), raw) for by in (-1, 1)]
            return [orjson.loads(raw)[0], *map(_encoded, others)]
        place = Cursor.parse(cursor, "")
    except (binascii.Error, ValueError, Invalid):
        return []
    return ["places", str(Cursor(bytes(4), place.seq, place.tag))]


def _moved(by: int, key: re.Match[bytes]) -> bytes:
    return str(UUID(int=UUID(key[0].decode()).int + by)).encode()


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
