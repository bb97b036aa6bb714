"""The search for a difference: random questions about random rows."""

import gc
import os
import warnings
from collections.abc import Callable, Iterable
from typing import NamedTuple

import graphql
import pytest
import strawberry
from engine_compare import Asked, Question
from engine_documents import Writer, as_queries, unprinted
from engine_schema import SCHEMA
from engine_world import World
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis_graphql import mutations, nodes, queries

QUIETLY = [  # graphql-core drops coroutines when an error makes their values needless
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
NIGHTLY = os.environ.get("CALLSHEET_NIGHTLY") == "1"
VARIANTS = 4  # of each document that hypothesis-graphql makes: that takes longer than to ask it
WORLDS = 4  # about which each is asked
SDL = graphql.build_schema(SCHEMA.as_str())
SCALARS = {
    "String": st.sampled_from(["a", "ü", ""]).map(nodes.String),
    "Int": st.sampled_from([0, 1, 2, -1]).map(nodes.Int),
}


class Case(NamedTuple):
    """A question, and the seed of the worlds it is asked about."""

    question: Question
    seed: int

    def asked(self, schema: strawberry.Schema = SCHEMA) -> list[Asked]:
        """About what it is asked."""
        worlds = [World(self.seed + i) for i in range(WORLDS)]
        return [Asked(schema, world.context, world.root) for world in worlds]


Cases = st.SearchStrategy[list[Case]]


def search(documents: int) -> settings:
    """A search through so many of hypothesis-graphql's documents, and more of them by night."""
    return settings(
        max_examples=documents * (25 if NIGHTLY else 1),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink] if NIGHTLY else [Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
            HealthCheck.function_scoped_fixture,
        ],
    )


def _cases(document: graphql.DocumentNode, seed: int) -> list[Case]:
    seeds = range(seed, seed + VARIANTS)
    return [Case(Writer(SDL, each).question(document), each) for each in seeds]


def _streams(document: graphql.DocumentNode, seed: int) -> list[Case]:
    seeds = range(seed, seed + VARIANTS)
    return [Case(q, each) for each in seeds for q in Writer(SDL, each).subscriptions(document)]


def _built(
    make: Callable[[graphql.DocumentNode, int], list[Case]],
    documents: st.SearchStrategy[graphql.DocumentNode],
) -> Cases:
    return st.builds(make, documents, st.integers(0, 2**16))


QUERIES = _built(_cases, queries(SDL, custom_scalars=SCALARS, print_ast=unprinted))
MUTATIONS = _built(_cases, mutations(SDL, custom_scalars=SCALARS, print_ast=unprinted))
STREAMS = _built(_streams, queries(as_queries(SDL), custom_scalars=SCALARS, print_ast=unprinted))


async def difference(cases: Iterable[Case]) -> str | None:
    """The first difference between our answers and graphql-core's."""
    for case in cases:
        for i, asked in enumerate(case.asked()):
            if found := await asked.difference(case.question):
                return f"{found}\n{case.question}\n about World({case.seed + i})"
    return None


def ended() -> None:
    """Clear away what graphql-core has dropped, lest another test be told of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
