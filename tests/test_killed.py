"""A process that is killed at an action: what was committed is answered, the rest never was."""

import asyncio
import signal
from typing import Any

import httpx2
import pytest
from effects import at_the_end, growth, rows, until_waiting
from processes import SECONDS, Process
from scene import CALLS, Scene
from watched import Watched, watched

from core.database import Database
from server.embedded import Postgres, Valkey

COMMITTED = """
import os, signal
from subscriptions.hub import Hub
Hub.announce = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""
"""Of a process that is killed as soon as it has committed."""
FEED = "subscription { activity { type activity { kind } } }"


async def ask(server: Process, scene: Scene, name: str, given: dict[str, Any]) -> Any:
    """The payload of a mutation."""
    kind = name[0].upper() + name[1:]
    secret = "secret" * (name == "createApiKey")
    document = f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ cursor {secret} }} }}"
    return (await server.ask(scene.agency.admin, document, input=given))[name]


@pytest.mark.parametrize("name", ["createOrder", "createApiKey"])
async def test_killed_between_commit_and_answer(
    scene: Scene, postgres: Postgres, valkey: Valkey, server: Watched, name: str
) -> None:
    given, before = {**CALLS[name](scene), "idempotencyKey": name}, await rows(scene)
    async with server.socket(scene.agency.staff) as follower:
        await follower.subscribe("1", FEED)
        assert (await follower.event("1"))["type"] == "READY"
        async with watched(postgres.url, valkey.url, first=COMMITTED) as doomed:
            with pytest.raises(httpx2.TransportError):
                await ask(doomed, scene, name, given)
            assert await doomed.process.wait() == -signal.SIGKILL
        committed = await rows(scene)
        grown = growth(before, committed)
        assert grown["idempotency_records"] == 1
        assert grown["log_entries"]
        answer = await ask(server, scene, name, given)
        assert answer["cursor"]
        assert answer.get("secret") is None
        assert await rows(scene) == committed
        for _ in range(grown["log_entries"]):
            assert (await follower.event("1"))["type"] == "CHANGE"


async def test_killed_before_the_commit(
    scene: Scene, postgres: Postgres, valkey: Valkey, server: Watched, database: Database
) -> None:
    given = {**CALLS["postMessage"](scene), "idempotencyKey": "uncommitted"}
    before = await rows(scene)
    async with watched(postgres.url, valkey.url) as doomed, asyncio.timeout(SECONDS):
        async with at_the_end(scene):
            asked = asyncio.create_task(ask(doomed, scene, "postMessage", given))
            await until_waiting(database, 1)
            await doomed.end(signal.SIGKILL)
            with pytest.raises(httpx2.TransportError):
                await asked
            assert await rows(scene) == before
            retry = asyncio.create_task(ask(server, scene, "postMessage", given))
            await until_waiting(database, 2)
        answer = await retry
    grown = growth(before, await rows(scene))
    assert (grown["messages"], grown["idempotency_records"]) == (1, 1)
    assert (await ask(server, scene, "postMessage", given)) == answer
