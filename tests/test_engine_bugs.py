"""Bugs planted into the engine: the comparison with graphql-core finds each of them."""

from collections.abc import Iterator

import engine_bugs
import pytest
from engine_compare import Answer, Asked, Question, equal
from engine_search import MUTATIONS, QUERIES, QUIETLY, STREAMS, Case, Cases, ended, search
from hypothesis import given

from engine.plans import PLANS

pytestmark = QUIETLY
Known = list[tuple[Question, Asked, list[Answer]]]


@pytest.fixture(autouse=True, scope="module")
def _ended() -> Iterator[None]:
    yield
    ended()


@pytest.fixture(autouse=True)
def _planned_anew() -> Iterator[None]:
    PLANS.clear()
    yield
    PLANS.clear()


async def _answered(cases: Cases, documents: int) -> Known:
    """The cases of a search, each with graphql-core's answers."""
    found: list[Case] = []

    @search(documents)
    @given(cases)
    def collect(some: list[Case]) -> None:
        found.extend(some)

    collect()
    return [
        (case.question, asked, await asked.theirs(case.question))
        for case in found
        for asked in case.asked()
    ]


@pytest.fixture(scope="module")
async def queries() -> Known:
    """Queries, answered."""
    return await _answered(QUERIES, 40)


@pytest.fixture(scope="module")
async def mutations() -> Known:
    """Mutations, answered."""
    return await _answered(MUTATIONS, 3)


@pytest.fixture(scope="module")
async def streams() -> Known:
    """Subscriptions, answered."""
    return await _answered(STREAMS, 8)


async def _is_found(known: Known) -> bool:
    for question, asked, theirs in known:
        if not equal(await asked.ours(question), theirs) and await asked.difference(question):
            return True
    return False


@pytest.mark.parametrize("bug", engine_bugs.BUGS)
async def test_bug_is_found_by_a_query(
    bug: str, queries: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_bugs.BUGS[bug](monkeypatch)

    assert await _is_found(queries)


@pytest.mark.parametrize("bug", engine_bugs.OF_MUTATIONS)
async def test_bug_is_found_by_a_mutation(
    bug: str, mutations: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_bugs.OF_MUTATIONS[bug](monkeypatch)

    assert await _is_found(mutations)


@pytest.mark.parametrize("bug", engine_bugs.OF_STREAMS)
async def test_bug_is_found_by_a_stream(
    bug: str, streams: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_bugs.OF_STREAMS[bug](monkeypatch)

    assert await _is_found(streams)
