"""The database as tests have it: as the API's role, and beside it as its owner."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import make_url

from core.database import Database, Moment
from core.transactions import Transaction
from models import new_id
from server.embedded import Postgres
from server.migrate import migrate

OWNERS: dict[str, str] = {}
"""The owner's address for that of the API's role."""


class Both(Database):
    """The database as the API has it; its `owner` sees all that is there."""

    def __init__(self, postgres: Postgres, name: str = "", *, as_owner: bool = False) -> None:
        self.name = name or postgres.database
        urls = (_of(url, self.name) for url in (postgres.url, postgres.owner_url))
        self.api_url, self.owner_url = urls
        OWNERS[self.api_url] = self.owner_url
        super().__init__(self.owner_url if as_owner else self.api_url)
        self.owner = Database(self.owner_url)

    @classmethod
    async def another(cls, postgres: Postgres) -> "Both":
        """A database of its own, in which nothing is yet."""
        name = f"another_{new_id().hex}"
        whole = Database(postgres.owner_url, pool_size=1)
        await whole.fetch(f"CREATE DATABASE {name}")
        await whole.close()
        return cls(postgres, name)

    async def migrate(self, revision: str = "head") -> None:
        """Bring it to the newest schema, or to another one."""
        role = make_url(self.api_url).username
        assert role
        await migrate(self.owner, role, revision)

    async def close(self) -> None:
        """Give all connections back."""
        await super().close()
        await self.owner.close()


class Fixed(Both):
    """A database to which everything is sent within what a test has chosen, whoever asks."""

    def __init__(
        self, postgres: Postgres, within: UUID | None, name: str = "", *, as_owner: bool = False
    ) -> None:
        super().__init__(postgres, name, as_owner=as_owner)
        self._chosen = within

    async def fetch(self, sql: str, *arguments: Any, within: UUID | None = None) -> Sequence[Any]:
        """The rows of one statement."""
        del within
        return await super().fetch(sql, *arguments, within=self._chosen)

    async def moment(self, within: UUID | None) -> Moment:
        """A connection for many reads of one moment."""
        del within
        return await super().moment(self._chosen)

    @asynccontextmanager
    async def transaction(self, within: UUID | None = None) -> AsyncIterator[Transaction]:
        """A transaction."""
        del within
        async with super().transaction(self._chosen) as transaction:
            yield transaction


def _of(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)
