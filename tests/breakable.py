"""A server process over a database of its own, in which a test may break something."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from databases import Both
from factories import Agency
from sqlalchemy import text
from storage import session_of
from watched import Watched, watched

from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub


@dataclass
class Breakable:
    """Such a server, and an agency that it serves."""

    agency: Agency
    server: Watched

    @asynccontextmanager
    async def without(self, table: str) -> AsyncIterator[None]:
        """Takes a table away while the block lasts: a fault of ours."""
        await self._define(f"ALTER TABLE {table} RENAME TO taken_away")
        yield
        await self._define(f"ALTER TABLE taken_away RENAME TO {table}")

    async def _define(self, statement: str) -> None:
        async with session_of(self.agency.database) as session:
            await session.execute(text(statement))

    def request_id(self, error: dict[str, Any]) -> str:
        """The id in an error that tells nothing else; the server's log tells all under it."""
        request_id: str = error["extensions"]["requestId"]
        assert error["extensions"] == {"code": "INTERNAL", "requestId": request_id}
        assert error["message"] == "Something went wrong on our side."
        (line,) = (each for each in self.server.lines if each.get("request_id") == request_id)
        assert line["message"] == f"request {request_id} failed"
        assert line["exception"].startswith("Traceback")
        assert "UndefinedTableError" in line["exception"]
        return request_id


@asynccontextmanager
async def breakable(
    postgres: Postgres,
    valkey: Valkey,
    hub: Hub,
    settings: Mapping[str, str] = {},
    *,
    first: str = "",
) -> AsyncIterator[Breakable]:
    """Such a server, until the end of the block; `first` is Python that it runs before all else."""
    database = await Both.another(postgres)
    await database.migrate()
    async with watched(database.url, valkey.url, settings=settings, first=first) as server:
        yield Breakable(await Agency.make(database, hub), server)
    await database.close()
