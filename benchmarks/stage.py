"""What every server works on: a Postgres with the demo agency, a Valkey, a signed-in person."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
from sqlalchemy import make_url, select

from core import ids
from core.database import Database
from core.records import select_records
from core.tokens import Tokens
from core.viewer import Scope
from models import Order, Person
from server.demo import names, seed
from server.embedded import Postgres, Valkey
from server.migrate import migrate

FOLDER = Path(__file__).parent.parent / ".data" / "benchmarks"
SECRET = "a key for benchmarks only, which is long enough"  # noqa: S105 - it opens nothing
SETTINGS = {
    "autovacuum": "off",  # which would come at any time, to whomever it meets
    "timezone": "UTC",
}
_NEW_ENTRIES = "FROM log_entries WHERE seq > $1"
_POSTED = """
SELECT m.order_id, m.author_id, m.text, m.version, m.order_service_id, m.edited_at,
  e.kind, e.order_id, e.order_service_id, e.subject_type, e.subject_version, e.actor_id,
  e.audience, e.recipient_id, e.params
FROM log_entries e
JOIN messages m ON m.organization_id = e.organization_id AND m.id = e.subject_id
WHERE e.seq > $1 ORDER BY e.seq"""
_BUSY = """
SELECT order_id FROM log_entries WHERE order_id = ANY($1::uuid[])
GROUP BY order_id ORDER BY count(*) DESC, order_id LIMIT 10"""


@dataclass(frozen=True)
class Stage:
    """The servers behind the servers, and who asks for what."""

    postgres: Postgres
    redis_url: str
    token: str
    orders: Sequence[str]
    """The ids of all orders, the newest first."""
    busy: Sequence[str]
    """The ids of those of the newest orders with the most to tell."""
    head: int
    """The number of the last entry of the log, as it was at the beginning."""

    @property
    def url(self) -> str:
        """The database's address, as all drivers but SQLAlchemy's understand it."""
        return self.postgres.owner_url.replace("+asyncpg", "").replace("?ssl=", "?sslmode=")

    @property
    def postmaster(self) -> int:
        """The process id of Postgres."""
        return int((self.postgres.data / "postmaster.pid").read_text().split()[0])

    def execute(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """The rows of a statement."""
        return asyncio.run(_execute(self.url, statement, *values))

    @property
    def last_seq(self) -> int:
        """The number of the last entry of the log now."""
        seq: int = self.execute("SELECT last_seq FROM log_heads")[0][0]
        return seq

    def posted(self) -> list[tuple[Any, ...]]:
        """What was posted since the beginning, without what is another each time."""
        return [tuple(row.values()) for row in self.execute(_POSTED, self.head)]

    def reset(self) -> None:
        """Take back what was posted, so that the next server finds what the first one did."""
        gone = f"DELETE FROM messages WHERE id IN (SELECT subject_id {_NEW_ENTRIES})"  # noqa: S608 - a constant
        self.execute(gone, self.head)
        self.execute(f"DELETE {_NEW_ENTRIES}", self.head)
        self.execute("UPDATE log_heads SET last_seq = $1", self.head)
        self.execute("VACUUM ANALYZE")


@contextmanager
def stage(**settings: str) -> Iterator[Stage]:
    """Fresh servers with the demo agency in them, and more settings of Postgres."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(dir=FOLDER)))
        postgres = stack.enter_context(Postgres(folder / "postgres", settings=SETTINGS | settings))
        valkey = stack.enter_context(Valkey(folder / "valkey"))
        ready = asyncio.run(_prepare(postgres, valkey))
        ready.execute("VACUUM ANALYZE")
        yield ready


async def _prepare(postgres: Postgres, valkey: Valkey) -> Stage:
    database = Database(postgres.owner_url, pool_size=1)
    await migrate(database, make_url(postgres.url).username or "")
    await seed.once(database)
    async with database.transaction() as transaction:
        manager = select_records(Person).where(Person.email == names.MANAGER)
        viewer = await transaction.row(manager)
        newest = select(Order.id).order_by(Order.created_at.desc(), Order.id.desc())
        orders = list(await transaction.rows(newest))
    await database.close()
    ready = Stage(postgres, valkey.url, "", (), (), 0)
    counted = await _execute(ready.url, _BUSY, orders[:100])
    return Stage(
        postgres,
        valkey.url,
        Tokens(SECRET).issue(viewer, frozenset(Scope), timedelta(days=1)),
        [ids.encode(Order, key) for key in orders],
        [ids.encode(Order, row["order_id"]) for row in counted],
        (await _execute(ready.url, "SELECT last_seq FROM log_heads"))[0][0],
    )


async def _execute(url: str, statement: str, *values: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(statement, *values)
    finally:
        await connection.close()
