"""The database as tests have it: as the API's role, and beside it as its owner."""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from sqlalchemy import make_url

from core.connections import Connection, Pool
from core.database import Database, Moment
from core.transactions import Transaction
from models import new_id
from server.embedded import Postgres
from server.migrate import migrate

OWNERS: dict[str, str] = {}
"""The owner's address for that of the API's role."""


_noting: ContextVar[list[str] | None] = ContextVar("noting", default=None)
_CONDITION = re.compile(
    r"\b(?:\w+\.)?(?:organization_id|(?<=organizations\.)id) = (\$\d+)(?:::UUID)?"
)


@contextmanager
def noted() -> Iterator[list[str]]:
    """The statements that are sent for what is done within the block, and for nothing else."""
    sent: list[str] = []
    token = _noting.set(sent)
    try:
        yield sent
    finally:
        _noting.reset(token)


class _Notes:
    """Notes statements for those who want to know, but not within which agency they are sent."""

    def sent(self, sql: str, seconds: float) -> None:
        """A statement was answered."""
        del seconds
        if (noting := _noting.get()) is not None and not sql.startswith("SET "):
            noting.append(sql.partition(" TO '")[0])

    def waited(self, pool: str, seconds: float) -> None:
        """Nothing: a connection was given."""


class Both(Database):
    """The database as the API has it; its `owner` sees all that is there."""

    def __init__(self, postgres: Postgres, name: str = "", *, as_owner: bool = False) -> None:
        self.name = name or postgres.database
        urls = (_of(url, self.name) for url in (postgres.url, postgres.owner_url))
        self.api_url, self.owner_url = urls
        OWNERS[self.api_url] = self.owner_url
        super().__init__(self.owner_url if as_owner else self.api_url, listener=_Notes())
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


def unfiltered(sql: str) -> str:
    """A statement whose condition of the agency is always true."""
    return _CONDITION.sub(r"\1::uuid IS NOT NULL", sql)


class Walled(Both):
    """The database behind some of its walls: statements can be changed before they are sent.

    What is done is kept, or undone where it would be committed.
    """

    def __init__(
        self,
        postgres: Postgres,
        name: str = "",
        *,
        as_owner: bool = False,
        sends: Callable[[str], str] = str,
        keeps: bool = True,
    ) -> None:
        super().__init__(postgres, name, as_owner=as_owner)
        self._reading, self._acting = (
            _Pool(self.url, name, 10, _Notes(), pooled=False) for name in ("read", "act")
        )
        for pool in (self._reading, self._acting):
            pool.sends, pool.keeps = sends, keeps


class _Pool(Pool):
    """A pool of such connections."""

    sends: Callable[[str], str]
    keeps: bool

    async def connection(self) -> Connection:
        """One of them."""
        connection = await super().connection()
        connection.__class__ = _Walled
        return connection


class _Walled(Connection):
    """A connection as its pool says."""

    __slots__ = ()
    _pool: _Pool

    async def commit(self) -> None:
        """Commit what was begun, or undo it."""
        if self._pool.keeps:
            await super().commit()
        else:
            await self.execute("ROLLBACK")
            self._is_begun = False

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[Any]:
        """The rows of a statement."""
        return await super().fetch(self._pool.sends(sql), *arguments)

    async def fetch_many(self, sql: str, arguments: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """The rows of a statement for each of these arguments."""
        return await super().fetch_many(self._pool.sends(sql), arguments)


class Fixed(Walled):
    """A database to which everything is sent within what a test has chosen, whoever asks."""

    def __init__(self, postgres: Postgres, within: UUID | None, name: str = "", **how: Any) -> None:
        super().__init__(postgres, name, **how)
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
