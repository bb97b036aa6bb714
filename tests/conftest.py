"""Real servers, a migrated database per test process, an agency per test."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from databases import Both
from factories import Agency
from scene import Scene
from signing_in import give_password
from watched import Watched, quiet

from core.connections import Connection
from core.database import Database
from engine import costs, documents, limits
from server.embedded import Postgres, Valkey
from subscriptions.bus import Bus
from subscriptions.hub import Hub

pytest_plugins = ("hubs", "issuing", "present", "tenants")
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Postgres, of this test process alone, so that a test may stop it."""
    with Postgres(tmp_path_factory.mktemp("postgres"), settings=FAST) as server:
        yield server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Valkey, of this test process alone, so that a test may stop it."""
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="session")
async def database(postgres: Postgres) -> AsyncIterator[Both]:
    """A migrated database."""
    database = Both(postgres)
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def hub(database: Database, valkey: Valkey) -> AsyncIterator[Hub]:
    """The hub of this test process."""
    hub = Hub(database, Bus(valkey.url))
    await hub.start()
    yield hub
    await hub.stop()


@pytest.fixture(scope="module")
async def server(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process, which must have logged nothing when it ends."""
    del database  # migrated is all it has to be
    async with quiet(postgres.url, valkey.url) as server:
        yield server


@pytest.fixture
async def agency(database: Database, hub: Hub) -> Agency:
    """A fresh agency with a person of each kind, a small catalogue, and no order yet."""
    return await Agency.make(database, hub)


@pytest.fixture(scope="module")
async def scene(database: Database, hub: Hub) -> Scene:
    """An agency with one of everything."""
    return await Scene.make(database, hub)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL statements that are sent while the test runs: by actions, and by reads."""
    sent: list[str] = []
    for name in ("fetch", "fetch_many"):
        monkeypatch.setattr(Connection, name, _noting(getattr(Connection, name), sent))
    return sent


def _noting(fetch: Callable[..., Awaitable[Any]], sent: list[str]) -> Callable[..., Any]:
    async def noted(self: Any, sql: str, *arguments: Any) -> Any:
        sent.append(sql)
        return await fetch(self, sql, *arguments)

    return noted


@pytest.fixture(scope="module")
def unlimited() -> Iterator[None]:
    """No limits for documents that ask for everything, or for anything by chance."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DEPTH", "ALIASES", "DIRECTIVES", "FIELDS", "REPEATS"):
            patch.setattr(limits, name, sys.maxsize)
        for name in ("TOKENS_LIMIT", "LENGTH_LIMIT"):
            patch.setattr(documents, name, sys.maxsize)
        patch.setattr(costs, "LIMIT", sys.maxsize)
        yield


@pytest.fixture
async def given(agency: Agency) -> dict[str, str]:
    """What the agency's staff signs in with."""
    return await give_password(agency, agency.staff)
