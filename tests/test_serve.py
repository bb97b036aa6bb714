"""`make serve` as a newcomer runs it: embedded servers, the demo agency, tokens that work."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from processes import http_client

from server.embedded.process import free_port

SECONDS = 90
WHO = ("an admin", "staff", "a contractor", "a customer", "a partner")


@asynccontextmanager
async def served(data: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, list[str]]]:
    """A server on its own data folder: the process, its address, and the tokens it prints."""
    environment = {
        key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "server", "serve", "--port", "0"),
        env={**environment, "CALLSHEET_DATA": str(data), "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    printed = ""
    try:
        async with asyncio.timeout(SECONDS):
            while printed.count("\neyJ") < len(WHO) or not printed.endswith("\n"):
                line = (await process.stdout.readline()).decode()
                assert line, f"it ended with:\n{printed}"
                printed += line
        assert all(who in printed for who in WHO)
        address = re.search(r"http://\S+/graphql", printed)
        assert address
        yield process, address.group(), re.findall(r"^eyJ\S+", printed, re.MULTILINE)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def asked(address: str, token: str, query: str) -> dict[str, object]:
    """What the API answers to who holds a token."""
    async with http_client(SECONDS) as client:
        headers = {"Authorization": f"Bearer {token}"}
        response = await client.post(address, json={"query": query}, headers=headers)
    answer: dict[str, object] = response.json()
    del answer["extensions"]  # what it cost, and what is left: another each time
    return answer


def running(data: Path) -> list[str]:
    """The processes that were started with something of the data folder in their arguments."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if str(data) in words:
            found.append(words)
    return found


async def test_it_is_made_once_and_leaves_nothing_running(tmp_path: Path) -> None:
    count = "{ orders(first: 1) { totalCount } viewer { person { permission } } }"
    async with served(tmp_path) as (process, address, tokens):
        permissions = []
        for token in tokens:
            answer = await asked(address, token, count)
            assert "errors" not in answer, answer
            permissions.append(answer["data"]["viewer"]["person"]["permission"])  # type: ignore[index]
        assert permissions == ["ADMIN", "STAFF", "CONTRACTOR", "CUSTOMER", "STAFF"]
        first = await asked(address, tokens[0], count)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(SECONDS):
            assert await process.wait() == 0
    assert not running(tmp_path)
    async with served(tmp_path) as (process, address, tokens):
        assert await asked(address, tokens[0], count) == first
        process.kill()
    async with served(tmp_path) as (process, address, tokens):
        assert await asked(address, tokens[0], count) == first
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(SECONDS):
            await process.wait()
    assert not running(tmp_path)


async def test_a_port_that_is_taken_is_told_with_what_to_change(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, told = await ended(tmp_path, "--port", str(port))
    assert code == 1
    assert told.splitlines() == [
        f"Callsheet can't listen on 127.0.0.1, port {port}: Address already in use.",
        "Choose another one with --host and --port, or CALLSHEET_HOST and CALLSHEET_PORT.",
    ]
    assert not running(tmp_path)


async def test_settings_that_are_wrong_are_told_but_not_what_is_secret(tmp_path: Path) -> None:
    wrong = {
        "SECRET": "hunter2",
        "PORT": "any",
        "ORIGINS": "app.example",
        "METRICS_TOKEN": "hunter2",
    }
    code, told = await ended(tmp_path, **{f"CALLSHEET_{name}": wrong[name] for name in wrong})
    assert (code, "hunter2" in told) == (1, False)
    assert told.splitlines() == [
        "CALLSHEET_SECRET: 32 characters or more are needed",
        "CALLSHEET_PORT: Input should be a valid integer, unable to parse string as an integer",
        r"CALLSHEET_ORIGINS: String should match pattern '^https?://[a-z0-9.\[\]:-]+$'",
    ]
    code, told = await ended(tmp_path, CALLSHEET_OIDC_ISSUER="https://x", DATABASE_URL="hunter2")
    assert code == 1
    assert told == "CALLSHEET_OIDC_ISSUER and CALLSHEET_OIDC_AUDIENCE go together\n"


async def test_a_database_that_can_not_be_reached_is_told_in_a_line(tmp_path: Path) -> None:
    given = {"DATABASE_URL": f"postgresql://u:hunter2@127.0.0.1:{free_port()}/x"}
    code, told = await ended(tmp_path, REDIS_URL="redis://127.0.0.1:1", **given)
    assert code == 1
    assert told.startswith("The database can't be reached: ")
    assert len(told.splitlines()) == 1


async def ended(data: Path, *arguments: str, **environment: str) -> tuple[int | None, str]:
    """The exit status of a server that does not start, and what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "server", "serve", *arguments),
        env={**os.environ, "CALLSHEET_DATA": str(data), **environment},
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        _, told = await process.communicate()
    return process.returncode, told.decode()


INTERRUPTED = """
import os, runpy, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "server.commands":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
runpy.run_module("server", run_name="__main__")
"""


async def test_ctrl_c_ends_a_process_that_still_imports_without_a_word() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", INTERRUPTED, "serve"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        assert await process.communicate() == (b"", b"")
    assert process.returncode == -signal.SIGINT
