"""Real servers, a migrated database per test process, an agency per test."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import event

import schema
from core.context import Context
from core.database import Database
from core.viewer import Scope, Viewer
from factories import Agency
from models import Person
from server.embedded import Postgres, Valkey
from server.migrate import migrate
from subscriptions.bus import Bus
from subscriptions.hub import Hub

SECRET = "a key for tests only, which is long enough"  # noqa: S105 - it opens nothing
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the servers, shared by all test processes of a run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def postgres(data: Path) -> Iterator[Postgres]:
    """Postgres, shared by all test processes of a run."""
    with Postgres(data / "postgres", settings=FAST) as server:
        yield server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Valkey, of this test process alone, so that a test may stop it."""
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="session")
def database_url(postgres: Postgres) -> str:
    """A migrated database of this test process."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    return asyncio.run(_fresh_database(postgres, name))


async def _fresh_database(postgres: Postgres, name: str) -> str:
    plain = postgres.url.replace("postgresql+asyncpg", "postgresql").replace("?ssl=", "?sslmode=")
    connection = await asyncpg.connect(plain)
    await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    head, _, options = postgres.url.partition("?")
    url = f"{head.rpartition('/')[0]}/{name}?{options}"
    database = Database(url)
    await migrate(database)
    await database.close()
    return url


@pytest.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    """The database of this test process."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def hub(database: Database, valkey: Valkey) -> AsyncIterator[Hub]:
    """The hub of this test process."""
    hub = Hub(database, Bus(valkey.url))
    await hub.start()
    yield hub
    await hub.stop()


@pytest.fixture
async def agency(database: Database, hub: Hub) -> Agency:
    """A fresh agency with a person of each kind, a small catalogue, and no order yet."""
    return await Agency.make(database, hub)


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """The SQL statements that are sent while the test runs."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)
