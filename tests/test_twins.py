"""Every mutation sent twice at once with one key, to two processes: one effect, equal answers."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from arguments_walk import Leaf, doors, leaves, mutations
from effects import (
    answered,
    at_the_end,
    growth,
    rows,
    sent,
    tells_secret,
    until_waiting,
)
from factories import Answer
from scene import CALLS, INSTEAD, Scene
from watched import Watched

import schema
from core import ids
from core.arguments import Hash, IdOf, Moment, PlaceInLog, Text, Whole
from core.cursors import Cursor
from core.database import Database
from models import new_id
from subscriptions.hub import Hub

NAMES = list(mutations())
NO_ENTRY = "there is no agency, person or log yet that a key could be kept with"
WITHOUT_KEY = {
    "signIn": f"{NO_ENTRY}: another session, which can be ended",
    "refreshTokens": f"{NO_ENTRY}: a token that is used twice is a stolen one",
    "signOut": f"{NO_ENTRY}: the second changes nothing",
    "acceptInvitation": f"{NO_ENTRY}: an invitation is good once",
    "changePassword": f"{NO_ENTRY}: the password that it asks for is good once",
}
"""What takes no key, and why; and what the second of twins comes to."""


@dataclass
class Twice:
    """A mutation that was sent twice, and what came of it."""

    name: str
    scene: Scene
    given: dict[str, Any]
    answers: list[dict[str, Any]]
    grown: dict[str, int]
    alone: dict[str, int]
    """By how many rows the tables grow where it is sent once, without a key."""


@pytest.fixture(scope="module", params=NAMES)
async def twice(
    request: pytest.FixtureRequest, database: Database, hub: Hub, server: Watched
) -> Twice:
    """Each mutation: the second is sent while the first has done all but commit."""
    name, scene = request.param, await Scene.make(database, hub)
    given, before = {**CALLS[name](scene), "idempotencyKey": "twin"}, await rows(scene)
    async with asyncio.TaskGroup() as group, at_the_end(scene):
        first = group.create_task(scene.call(name, given, answered(name)))
        await until_waiting(database, 1)
        second = group.create_task(sent(server, scene, name, given))
        await until_waiting(database, 2)
    answers = [first.result()[name], second.result()]
    alone = await _alone(name, await Scene.make(database, hub))
    return Twice(name, scene, given, answers, growth(before, await rows(scene)), alone)


async def _alone(name: str, scene: Scene) -> dict[str, int]:
    before = await rows(scene)
    assert not (await scene.call(name, CALLS[name](scene))).errors
    return growth(before, await rows(scene))


def _other(leaf: Leaf, scene: Scene) -> Any:
    """Another value that an argument takes."""
    match leaf.kind:
        case IdOf(model=model):
            return ids.encode(model, new_id())
        case Hash():
            return "b" * 64
        case Text():
            return "another@example.com"  # which is an address as well
        case Whole():
            return leaf.kind.at_most - 1
        case PlaceInLog():
            return str(Cursor.at(scene.agency.organization.id, 0, None))
        case Moment():
            return (datetime.now(UTC) + timedelta(days=7)).isoformat()
    raise AssertionError(f"say here what else {leaf.kind} could be")


def test_every_mutation_takes_a_key_or_says_why_not() -> None:
    takes = {name for name in NAMES if any(each.field == "idempotencyKey" for each in leaves(name))}
    assert takes == set(CALLS)
    assert set(WITHOUT_KEY) == set(doors()) == schema.DOORS


async def test_twins_have_one_effect(twice: Twice) -> None:
    assert twice.grown == {**twice.alone, "idempotency_records": 1}
    assert twice.grown["log_entries"]


async def test_twins_get_equal_answers_and_one_of_them_the_secret(twice: Twice) -> None:
    told = [answer.pop("secret") for answer in map(dict, twice.answers) if tells_secret(twice.name)]
    assert [bool(secret) for secret in told] == [True, False] * tells_secret(twice.name)
    one, two = ({**answer, "secret": None} for answer in twice.answers)
    assert one == two


async def test_a_third_is_answered_alike_later(twice: Twice) -> None:
    before = await rows(twice.scene)
    again = await twice.scene.call(twice.name, twice.given, answered(twice.name))
    assert again[twice.name] == twice.answers[1]
    assert await rows(twice.scene) == before


async def test_the_key_with_any_other_argument_is_refused(twice: Twice) -> None:
    before, accepted = await rows(twice.scene), []
    for leaf in leaves(twice.name):
        if leaf.field == "idempotencyKey":
            continue
        given = leaf.put(twice.given, _other(leaf, twice.scene))
        given.pop(INSTEAD.get((leaf.mutation, leaf.field), ""), None)
        answer = await twice.scene.call(twice.name, given)
        if [each["extensions"] for each in answer.errors] != [{"code": "IDEMPOTENCY_MISMATCH"}]:
            accepted.append((leaf.field, answer))
    assert not accepted
    assert await rows(twice.scene) == before


async def test_the_key_of_another_person_is_another(twice: Twice) -> None:
    before = await rows(twice.scene)
    by = twice.scene.agency.staff
    answer: Answer = await twice.scene.call(twice.name, twice.given, by=by)
    if answer.errors:
        assert answer.error["code"] in ("FORBIDDEN", "NOT_FOUND", "CONFLICT")
        assert await rows(twice.scene) == before
    else:
        assert growth(before, await rows(twice.scene))["idempotency_records"] == 1
