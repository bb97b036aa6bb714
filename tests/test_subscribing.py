"""The programs of docs/subscribing.md, with the clients from npm, on bad networks."""

import asyncio
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from factories import Agency
from network import network
from processes import SECONDS, token
from watched import Watched, watched

from server.embedded import Postgres, Valkey

PAGE = (Path(__file__).parent.parent / "docs" / "subscribing.md").read_text()
PROGRAMS = dict(
    re.findall(r"^## (.*?)\n(?:(?!^## ).)*?^```js\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
)
(FEED,) = re.findall(r"^```graphql\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
CLIENTS = Path(__file__).parent / "clients"
NODE = shutil.which("node")
POST = """mutation ($id: ID!, $text: String!) {
  postMessage(input: {orderId: $id, text: $text}) { cursor }
}"""
NOTE = """mutation ($id: ID!, $notes: String!) {
  updateOrderNotes(input: {id: $id, notes: $notes}) { cursor }
}"""
BEFORE = """
import Socket from "ws"; // Node 20 has none of its own
globalThis.WebSocket = Socket;
const { FEED, order, tokens } = JSON.parse(process.env.GIVEN);
const token = async () => (tokens.length > 1 ? tokens.shift() : tokens[0]);
const show = (event) => console.log(JSON.stringify(event));
const later = globalThis.setTimeout; // clients wait for seconds until they try again
globalThis.setTimeout = (call, ms, ...rest) => later(call, ms / 20, ...rest);
"""

pytestmark = pytest.mark.skipif(
    NODE is None or not (CLIENTS / "node_modules" / "graphql-sse").exists(),
    reason="the clients are not there: `npm ci` in tests/clients installs them",
)
each_client = pytest.mark.parametrize("name", PROGRAMS)


@dataclass
class Follower:
    """A program that follows an order's feed."""

    process: asyncio.subprocess.Process

    async def event(self) -> dict[str, Any]:
        """What it is told next."""
        assert self.process.stdout
        async with asyncio.timeout(SECONDS):
            line = await self.process.stdout.readline()
        event: dict[str, Any] = orjson.loads(line)
        return event

    async def ready(self) -> None:
        """Waits until it is told that it has missed nothing."""
        while (await self.event())["type"] != "READY":
            pass

    async def texts(self, last: str) -> list[str]:
        """The messages that it is told up to one with this text."""
        found: list[str] = []
        while last not in found:
            if (event := await self.event())["type"] == "CHANGE":
                found.append(event["entry"]["text"])
        return found


@asynccontextmanager
async def follower(name: str, address: str, order_id: str, *tokens: str) -> AsyncIterator[Follower]:
    """The program for a client, which is ready; ended at the end."""
    assert NODE
    given = {"FEED": FEED, "order": order_id, "tokens": tokens}
    process = await asyncio.create_subprocess_exec(
        *(NODE, "--input-type=module", "-"),
        cwd=CLIENTS,
        env={**os.environ, "GIVEN": orjson.dumps(given).decode(), "NODE_ENV": "production"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    process.stdin.write((BEFORE + PROGRAMS[name].replace("127.0.0.1:8000", address)).encode())
    process.stdin.close()
    try:
        following = Follower(process)
        await following.ready()
        yield following
    finally:
        process.kill()
        await process.wait()


def test_there_is_a_program_for_each_client() -> None:
    assert len(PROGRAMS) == PAGE.count("```js\n") == 7


@each_client
async def test_nothing_is_lost_when_the_network_is(
    agency: Agency, server: Watched, name: str
) -> None:
    order_id = await agency.book()
    async with (
        network(server.address) as between,
        follower(name, between.address, order_id, token(agency.staff)) as following,
    ):
        for turn in range(3):
            between.cut()
            posted = [f"{turn}.{number}" for number in range(5)]
            for text in posted:
                await server.ask(agency.manager, POST, id=order_id, text=text)
            assert await following.texts(last=posted[-1]) == posted


async def test_nothing_is_lost_when_the_server_is_killed(
    agency: Agency, server: Watched, postgres: Postgres, valkey: Valkey
) -> None:
    order_id = await agency.book()
    async with watched(postgres.url, valkey.url) as doomed, AsyncExitStack() as stack:
        following = [
            await stack.enter_async_context(
                follower(name, doomed.address, order_id, token(agency.staff))
            )
            for name in PROGRAMS
        ]
        await server.ask(agency.manager, POST, id=order_id, text="before")
        for each in following:
            assert await each.texts(last="before") == ["before"]
        await doomed.end(signal.SIGKILL)
        await server.ask(agency.manager, POST, id=order_id, text="while it is away")
        async with watched(postgres.url, valkey.url, port=doomed.port):
            await server.ask(agency.manager, POST, id=order_id, text="after")
            for each in following:
                assert await each.texts(last="after") == ["while it is away", "after"]


@each_client
async def test_a_client_goes_on_with_a_fresh_token(
    agency: Agency, server: Watched, name: str
) -> None:
    order_id = await agency.book()
    tokens = token(agency.staff, timedelta(seconds=4)), token(agency.staff)
    async with follower(name, server.address, order_id, *tokens) as following:
        await server.ask(agency.manager, POST, id=order_id, text="before")
        assert await following.texts(last="before") == ["before"]
        await following.ready()  # once more, since it had to subscribe again
        await server.ask(agency.manager, POST, id=order_id, text="after")
        assert await following.texts(last="after") == ["after"]


@pytest.mark.skipif(not shutil.which("curl"), reason="it is a program for curl")
async def test_curl_goes_on_after_the_last_event(agency: Agency, server: Watched) -> None:
    (program,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    command = program.replace("127.0.0.1:8000", server.address)
    order_id, last, told = await agency.book(), "", list[str]()
    for _ in range(3):
        environment = {**os.environ, "TOKEN": token(agency.staff), "LAST": last}
        curl = await asyncio.create_subprocess_shell(
            f"exec {command}", env=environment, stdout=asyncio.subprocess.PIPE
        )
        assert curl.stdout
        expected = len(told) + (2 if last else 1)  # what was missed, and what is done now
        async with asyncio.timeout(SECONDS):
            while len(told) < expected:
                line = (await curl.stdout.readline()).decode().strip()
                if line.startswith("id: "):
                    last = line.removeprefix("id: ")
                elif '"READY"' in line:
                    await server.ask(agency.staff, NOTE, id=order_id, notes=str(len(told)))
                elif '"CHANGE"' in line:
                    told.append(last)
        curl.kill()
        await curl.wait()
        await server.ask(agency.staff, NOTE, id=order_id, notes="missed")
    activity = await server.ask(agency.staff, "{ activity(last: 6) { edges { cursor } } }")
    assert told == [edge["cursor"] for edge in activity["activity"]["edges"]][:5]
