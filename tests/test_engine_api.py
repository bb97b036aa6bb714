"""Random questions about an agency at work get the same answers from both executors."""

from collections.abc import Sequence
from functools import partial

import pytest
from api_questions import QUESTIONS, about
from engine_compare import Asked, Question
from engine_search import QUIETLY, search
from hypothesis import given
from scene import Scene

import schema

pytestmark = [*QUIETLY, pytest.mark.usefixtures("unlimited")]


@search(60)
@given(QUESTIONS)
async def test_the_api_answers_alike(
    scene: Scene, questions: Sequence[tuple[Question, str]]
) -> None:
    for question, viewer in questions:
        person = getattr(scene.agency, viewer)
        asked = Asked(schema.build(), partial(scene.agency.context, person))
        assert await asked.difference(about(scene, question)) is None, (question, viewer)
