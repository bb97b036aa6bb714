"""Slow operations: what was asked, what was sent for it, and how Postgres goes about it."""

import asyncio
import logging
import time
from collections import OrderedDict

from graphql import Lexer, Source, TokenKind

from core.database import Database
from core.outages import FAILED
from models import new_id
from server.telemetry.watch import OK, Sent, Watch

_EXPLAINED_AT_ONCE = 3
_EXPLAINED_KEPT = 1_000
_AGAIN_S = 3600
_DOCUMENT_LENGTH = 4_000
_EMPTY = {
    TokenKind.STRING: '""',
    TokenKind.BLOCK_STRING: '""',
    TokenKind.INT: "0",
    TokenKind.FLOAT: "0",
}
_WORDS = {TokenKind.NAME, *_EMPTY}
_PARAMETERS = "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = $1"

log = logging.getLogger("callsheet.slow")


class SlowLog:
    """Logs what takes longer than a threshold; the plan of a statement at most once an hour."""

    def __init__(self, database: Database, threshold_s: float) -> None:
        self._database = database
        self._threshold = threshold_s
        self._explained: OrderedDict[str, float] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, watch: Watch) -> None:
        """Log an operation that has ended, if it was slow.

        One that was refused before anything was sent has waited for its turn, and costs nobody.
        """
        if not self._threshold or watch.seconds < self._threshold:
            return
        if watch.code != OK and not watch.statements:
            return
        slowest = sorted(watch.slowest, key=lambda sent: -sent.seconds)[:_EXPLAINED_AT_ONCE]
        log.warning(
            "slow operation",
            extra={
                "request_id": watch.request_id,
                "ms": round(watch.seconds * 1000, 1),
                "document": watch.operation and without_values(watch.operation.query),
                "statements": watch.statements,
                "slowest": [
                    {"sql": sent.sql, "ms": round(sent.seconds * 1000, 1)} for sent in slowest
                ],
            },
        )
        if due := [sent for sent in slowest if self._is_due(sent.sql)]:
            task = asyncio.create_task(self._explain(watch.request_id, due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End what is being explained."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _is_due(self, sql: str) -> bool:
        """True if a statement has a plan that was not logged in the last hour."""
        now = time.monotonic()
        if not sql.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            return False
        if now - self._explained.get(sql, -_AGAIN_S) < _AGAIN_S:
            return False
        self._explained[sql] = now
        self._explained.move_to_end(sql)
        if len(self._explained) > _EXPLAINED_KEPT:
            self._explained.popitem(last=False)
        return True

    async def _explain(self, request_id: str, due: list[Sent]) -> None:
        async with self._one_at_a_time:
            for sent in due:
                try:
                    plan = await explain(self._database, sent.sql)
                except FAILED as error:
                    log.warning("no plan", extra={"request_id": request_id}, exc_info=error)
                else:
                    more = {"request_id": request_id, "sql": sent.sql, "plan": plan}
                    log.warning("plan of a slow statement", extra=more)


async def explain(database: Database, sql: str) -> list[str]:
    """How Postgres goes about a statement, whatever the values of its parameters are."""
    name = f"explained_{new_id().hex}"
    async with database.transaction() as transaction:
        await transaction.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await transaction.execute(f"PREPARE {name} AS {sql}")
        ((parameters,),) = await transaction.fetch(_PARAMETERS, name)
        nulls = f"({', '.join(['NULL'] * parameters)})" if parameters else ""
        plan = await transaction.fetch(f"EXPLAIN EXECUTE {name}{nulls}")
        await transaction.execute(f"DEALLOCATE {name}")
    return [line for (line,) in plan]


def without_values(text: str) -> str:
    """The beginning of a document, on one line, whose values are all replaced by empty ones."""
    lexer, shown, before = Lexer(Source(text)), "", TokenKind.SOF
    while len(shown) < _DOCUMENT_LENGTH and (token := lexer.advance()).kind is not TokenKind.EOF:
        part = _EMPTY.get(token.kind) or token.value or token.kind.value
        is_apart = before in _WORDS and token.kind in {*_WORDS, TokenKind.SPREAD}
        shown += f" {part}" if is_apart else part
        before = token.kind
    return shown[:_DOCUMENT_LENGTH]
