"""Every update with `expectedVersion`: one that comes too late is told what it missed."""

import asyncio
from typing import Any

import pytest
from arguments_walk import leaves, mutations
from effects import at_the_end, rows, until_waiting
from scene import CALLS, DELETIONS, Scene
from sqlalchemy import inspect, select
from storage import session_of
from strawberry.utils.str_converters import to_camel_case

from core import ids
from core.database import Database
from subscriptions.hub import Hub

UPDATES = [
    name for name in mutations() if any(leaf.field == "expectedVersion" for leaf in leaves(name))
]
WITHOUT_VERSION = {
    "createOrder": "makes something new",
    "createChecklist": "makes something new",
    "addChecklistItem": "makes something new",
    "postMessage": "makes something new",
    "invitePerson": "makes something new",
    "createApiKey": "makes something new",
    "markRead": "one's own mark, which only goes forward",
    "endSession": "a session is never edited, only ended",
}
"""What expects no version, and why."""
UNTOLD = {"version", "updated_at", "edited_at", "secret_hash", "previous_hash"}
"""What tells that something is another now, and what nobody may know of."""
ELSEWHERE = {
    "renewInvitation": {"invitedUntil"},
    "addOrderServices": {"services"},
    "removeOrderPackage": {"package"},
    "setProjectManager": {"projectManager"},
    "addTeamMember": {"team"},
    "removeTeamMember": {"team"},
    "assignOrderService": {"assignee"},
    "unassignOrderService": {"assignee"},
}
"""What differs of a thing, and is stored in other tables than its own."""


async def row(scene: Scene, id: str) -> dict[str, Any] | None:
    """The columns of a row."""
    model, key = ids.decode(id, "id")
    async with session_of(scene.agency.database) as session:
        found = (await session.scalars(select(model).where(model.id == key))).one_or_none()
    return found and {each.key: getattr(found, each.key) for each in inspect(model).column_attrs}


def differing(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The columns that an edit has changed, as the API calls them."""
    return {to_camel_case(name) for name in before.keys() - UNTOLD if before[name] != after[name]}


def test_every_mutation_expects_a_version_or_says_why_not() -> None:
    assert {*UPDATES, *WITHOUT_VERSION} == set(mutations())


@pytest.mark.parametrize("name", UPDATES)
async def test_a_stale_version_is_a_conflict(scene: Scene, name: str) -> None:
    given, before = CALLS[name](scene), await rows(scene)
    now = await row(scene, given["id"])
    assert now
    answer = await scene.call(name, {**given, "expectedVersion": now["version"] - 1})
    assert answer.error.pop("fields")
    assert answer.error == {
        "code": "CONFLICT",
        "field": "expectedVersion",
        "version": now["version"],
    }
    assert await rows(scene) == before


@pytest.mark.parametrize("name", UPDATES)
async def test_of_two_at_once_exactly_one_wins(database: Database, hub: Hub, name: str) -> None:
    scene = await Scene.make(database, hub)
    given = CALLS[name](scene)
    before = await row(scene, given["id"])
    assert before
    given |= {"expectedVersion": before["version"]}
    async with asyncio.TaskGroup() as group, at_the_end(scene):
        first = group.create_task(scene.call(name, given))
        await until_waiting(database, 1)
        second = group.create_task(scene.call(name, given))
        await until_waiting(database, 2)
    assert not first.result().errors
    error, after = second.result().error, await row(scene, given["id"])
    if name in DELETIONS:
        assert error == {"code": "NOT_FOUND", "field": "id"}
        assert after is None
        return
    assert after
    assert (error["code"], error["field"]) == ("CONFLICT", "expectedVersion")
    assert error["version"] == after["version"] == before["version"] + 1
    assert set(error["fields"]) == differing(before, after) | ELSEWHERE.get(name, set())
