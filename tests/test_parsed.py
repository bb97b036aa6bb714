"""Documents are read once, and kept as long as all of them are not too heavy."""

from collections.abc import Iterator

import pytest

from engine.documents import DOCUMENTS, KEPT, Document, errors_of, operation_of
from schema import core

MANY = 40
"""Documents of this length are more than are kept."""


def long(number: int, field: str = "__typename") -> str:
    return f"{{ {field} }} #{number}" + "#" * 60_000


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    DOCUMENTS.clear()
    yield
    DOCUMENTS.clear()


def is_kept(text: str) -> bool:
    hits = DOCUMENTS.hits
    DOCUMENTS.look_up(text)
    return DOCUMENTS.hits > hits


def test_a_document_is_read_once() -> None:
    misses = DOCUMENTS.misses
    first = DOCUMENTS.look_up("{ viewer { scopes } }")
    assert DOCUMENTS.look_up("{ viewer { scopes } }") is first
    assert operation_of("{ viewer { scopes } }", None) is first.node.definitions[0]
    assert errors_of("{ viewer { scopes } }", core()) == []
    assert DOCUMENTS.misses == misses + 1


def test_documents_weigh_no_more_than_told() -> None:
    for number in range(MANY):
        DOCUMENTS.look_up(long(number))
    assert 0 < len(DOCUMENTS) < MANY
    assert KEPT / 2 < DOCUMENTS.weight <= KEPT
    assert is_kept(long(MANY - 1))
    assert not is_kept(long(0))


def test_no_document_is_too_heavy_to_be_kept() -> None:
    assert Document(long(0)).weight * 3 < KEPT


def test_those_with_errors_displace_no_others() -> None:
    good = "{ viewer { scopes } }"
    assert errors_of(good, core()) == []
    for number in range(MANY):
        assert errors_of(long(number, "nothing"), core())
    assert is_kept(good)
    assert is_kept(long(MANY - 1, "nothing"))
    assert not is_kept(long(0, "nothing"))
    assert DOCUMENTS.weight <= 1.5 * KEPT
