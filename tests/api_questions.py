"""Random questions about an agency at work, and who asks them."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import graphql
from engine_compare import Question
from engine_documents import Writer, unprinted
from graphql.language.visitor import Visitor
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries
from scene import Scene

SDL = graphql.build_schema((Path(__file__).parent.parent / "schema.graphql").read_text())
THINGS = ("order", "service", "escalated", "checklist", "item", "ticked", "message", "junk")
"""What of the scene an id may be of."""
SCALARS = {
    "ID": st.sampled_from(THINGS).map(lambda name: nodes.String(f"id of {name}")),
    "String": st.sampled_from(["a", "", "1", "000001"]).map(nodes.String),
    "Int": st.sampled_from([1, 2, 5, 20, 20, 20, 0]).map(nodes.Int),
    "Cursor": st.sampled_from(["cursor", "junk"]).map(lambda name: nodes.String(f"id of {name}")),
    "DateTime": st.just(nodes.String("2026-05-01T09:30:00+02:00")),
}
VIEWERS = ("admin", "staff", "contractor", "customer", "stranger")
VARIANTS = 3
RARELY = 0.1


class Sensible(Visitor):
    """Leaves most optional arguments away: of two that are given at random, one is wrong."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)  # noqa: S311 - it is to be the same each time

    def leave_field(self, node: graphql.FieldNode, *_: Any) -> graphql.FieldNode:
        """The field with its id, and few other arguments."""
        kept = [
            each
            for each in node.arguments or ()
            if each.name.value in ("id", "ids", "first") or self._random.random() < RARELY
        ]
        if node.name.value == "order" and node.arguments and not kept:
            value = graphql.StringValueNode(value="id of order")
            kept = [graphql.ArgumentNode(name=graphql.NameNode(value="id"), value=value)]
        return replace(node, arguments=tuple(kept))


def _written(document: graphql.DocumentNode, seed: int) -> list[tuple[Question, str]]:
    document = graphql.visit(document, Sensible(seed))
    seeds = range(seed, seed + VARIANTS)
    return [(Writer(SDL, i).question(document), VIEWERS[i % len(VIEWERS)]) for i in seeds]


QUESTIONS = st.builds(
    _written, queries(SDL, custom_scalars=SCALARS, print_ast=unprinted), st.integers(0, 2**16)
)


def about(scene: Scene, question: Question) -> Question:
    """The question with the ids of what is there."""
    said = json.dumps([question.document, question.variables])
    known: dict[str, Any] = {name: getattr(scene, name) for name in THINGS[:-1]}
    known |= {"cursor": scene.cursor, "junk": "junk"}
    for name, value in known.items():
        said = said.replace(f"id of {name}", value)
    document, variables = json.loads(said)
    return Question(document, variables)
