"""Whoever wants to know how the database is used."""

from time import perf_counter
from typing import Any, Protocol

from sqlalchemy import ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine


class Listener(Protocol):
    """Who is told how the database is used."""

    def sent(self, sql: str, seconds: float) -> None:
        """A statement was answered, or failed, after this time."""
        ...

    def waited(self, pool: str, seconds: float) -> None:
        """A connection of a pool was given after this time."""
        ...


def listen(engine: AsyncEngine, listener: Listener) -> None:
    """Have the statements of actions told, those that fail as well."""

    def begin(connection: Any, *_: Any) -> None:
        connection.info["began"] = perf_counter()

    def end(connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        listener.sent(sql, perf_counter() - connection.info["began"])

    def fail(failure: ExceptionContext) -> None:
        if failure.connection and failure.statement and "began" in failure.connection.info:
            end(failure.connection, None, failure.statement)

    event.listen(engine.sync_engine, "before_cursor_execute", begin)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", fail)
