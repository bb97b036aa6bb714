"""Backups of the embedded servers: what comes back, and what clients are told of the rest."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from conftest import FAST
from databases import Both
from factories import Agency
from running import run

from server.embedded import Postgres, Valkey
from server.migrate import Revision, revision_of
from subscriptions.bus import Bus
from subscriptions.hub import Hub

ROOT = Path(__file__).parent.parent
FEED = """subscription ($id: ID!, $after: Cursor) { orderFeed(orderId: $id, after: $after) {
  type cursor entry { ... on Message { text } }
} }"""


@asynccontextmanager
async def opened(postgres: Postgres, redis_url: str) -> AsyncIterator[tuple[Both, Hub]]:
    """What a process has over these servers."""
    database = Both(postgres)
    hub = Hub(database, Bus(redis_url))
    await hub.start()
    yield database, hub
    await hub.stop()
    await database.close()


async def complaint(command: str, postgres: Postgres, path: Path, **more: str) -> str:
    """Runs one of the commands on a database; what it complains of."""
    urls = {"DATABASE_URL": postgres.url, "DATABASE_OWNER_URL": postgres.owner_url, **more}
    given = {**urls, "REDIS_URL": "redis://127.0.0.1:1", "CALLSHEET_SECRET": "s" * 32}
    code, _, told = await run(ROOT, sys.executable, "-m", "server", command, path, **given)
    assert bool(told) == bool(code)
    return told


async def said(agency: Agency, order: str, text: str) -> str:
    """The place in the log after a message."""
    answer = await agency.do(agency.staff, "postMessage", orderId=order, text=text)
    cursor: str = answer["postMessage"]["cursor"]
    return cursor


async def told(agency: Agency, order: str, after: str | None) -> list[Any]:
    """What a feed tells until it is up to date: types of events, or texts of messages."""
    found: list[Any] = []
    async with agency.watch(agency.staff, FEED, id=order, after=after) as feed:
        while "READY" not in found:
            event = (await anext(feed))["orderFeed"]
            found.append(event["entry"]["text"] if event["entry"] else event["type"])
    return found


def test_a_backup_comes_back_and_clients_who_saw_more_are_told(tmp_path: Path) -> None:
    path = tmp_path / "callsheet.dump"
    with Valkey(tmp_path / "valkey") as valkey:

        async def live(postgres: Postgres) -> tuple[Agency, str, list[str]]:
            async with opened(postgres, valkey.url) as (database, hub):
                await database.migrate()
                agency = await Agency.make(database, hub)
                order = await agency.book()
                first = await said(agency, order, "first")
                kept = await said(agency, order, "kept")
                assert await complaint("backup", postgres, path) == ""
                return agency, order, [first, kept, await said(agency, order, "lost")]

        async def live_on(postgres: Postgres, then: Agency, order: str, cursors: list[str]) -> None:
            first, kept, lost = cursors
            assert await complaint("restore", postgres, path) == ""
            async with opened(postgres, valkey.url) as (database, hub):
                assert await revision_of(database) is Revision.CURRENT
                agency = replace(then, database=database, hub=hub)
                assert await told(agency, order, first) == ["kept", "READY"]
                assert await told(agency, order, kept) == ["READY"]
                assert await told(agency, order, lost) == ["RESYNC", "READY"]
                another = await said(agency, order, "in its place")
                assert await told(agency, order, lost) == ["RESYNC", "READY"]
                assert await told(agency, order, kept) == ["in its place", "READY"]
                assert await told(agency, order, another) == ["READY"]
            assert "not empty" in await complaint("restore", postgres, path)

        with Postgres(tmp_path / "old", settings=FAST) as old:
            agency, order, cursors = asyncio.run(live(old))
        with Postgres(tmp_path / "new", settings=FAST) as new:
            asyncio.run(live_on(new, agency, order, cursors))
    assert path.stat().st_mode & 0o077 == 0, "others may read it"


async def test_a_backup_that_fails_leaves_nothing(postgres: Postgres, tmp_path: Path) -> None:
    path = tmp_path / "callsheet.dump"
    wrong = postgres.owner_url.replace("callsheet:", "callsheet:wrong", 1)
    told = await complaint("backup", postgres, path, DATABASE_OWNER_URL=wrong)
    assert "pg_dump failed" in told
    told = await complaint("backup", postgres, path, DATABASE_OWNER_URL=postgres.url)
    assert "does not see everything" in told
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - of a Path it would be blocking
    assert "does not exist" in await complaint("restore", postgres, path)


async def test_what_is_no_backup_changes_nothing(
    postgres: Postgres, database: Both, tmp_path: Path
) -> None:
    path = tmp_path / "callsheet.dump"
    path.write_text("nothing")
    assert "not empty" in await complaint("restore", postgres, path)
    assert await revision_of(database) is Revision.CURRENT
