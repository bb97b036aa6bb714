"""Random questions get the same answers from our executor as from graphql-core's."""

from collections.abc import Iterator

import pytest
from engine_search import MUTATIONS, QUERIES, QUIETLY, STREAMS, Case, difference, ended, search
from hypothesis import given

pytestmark = QUIETLY


@pytest.fixture(autouse=True, scope="module")
def _ended() -> Iterator[None]:
    yield
    ended()


@search(40)
@given(QUERIES)
async def test_queries_are_answered_alike(cases: list[Case]) -> None:
    assert await difference(cases) is None


@search(10)
@given(MUTATIONS)
async def test_mutations_are_answered_alike_and_done_in_the_same_order(cases: list[Case]) -> None:
    assert await difference(cases) is None


@search(10)
@given(STREAMS)
async def test_events_are_answered_alike(cases: list[Case]) -> None:
    assert await difference(cases) is None
