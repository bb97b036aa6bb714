"""What a process writes to standard error: JSON, or lines for people where people read it."""

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any, TextIO

import orjson
import structlog
from asyncpg import PostgresError
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict, Processor

from core.errors import ApiError

_QUOTES_NOTHING = (
    *(ApiError, ArithmeticError, AssertionError, AttributeError, ImportError),
    *(MemoryError, NameError, OSError, RuntimeError, TypeError),
)
"""Exceptions whose messages are of the code or the system, not of what a client sent."""
_DATA_EXCEPTION = "22"  # the class of SQL states whose messages quote the value


def configure(level: str, stream: TextIO = sys.stderr) -> None:
    """Have everything that this process logs written in one form, from `level` on."""
    own: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=own,
            processors=[
                ProcessorFormatter.remove_processors_meta,
                _with_exception,
                *_renderers(people=stream.isatty()),
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # No line tells of these, and to find them out took as long as to write the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - as Python's own how-to has it
    for ours in ("callsheet", "subscriptions"):
        logging.getLogger(ours).setLevel(level.upper())
    logging.captureWarnings(capture=True)


def told(error: BaseException) -> str:
    """An exception and what led to it, as Python prints them, but without values of clients."""
    return "\n\n".join(reversed([_one(each) for each in _chain(error)]))


def _renderers(*, people: bool) -> list[Processor]:
    if people:
        formatter = structlog.dev.plain_traceback  # others show the values of variables
        return [structlog.dev.ConsoleRenderer(exception_formatter=formatter)]
    order = structlog.processors.EventRenamer("message")
    return [order, structlog.processors.JSONRenderer(serializer=_json)]


def _json(event: EventDict, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def _with_exception(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """Puts an exception in words before a renderer does it in its own way."""
    found = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = told(error)
    return event


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _one(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    parts = "".join(f"\n  | {line}" for each in inner for line in told(each).splitlines())
    return f"Traceback (most recent call last):\n{frames}{_title(error)}{parts}"


def _title(error: BaseException) -> str:
    """What kind of exception it is, and its message if that can't quote a client."""
    kind = type(error)
    title = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    if isinstance(error, PostgresError):
        quotes = (error.sqlstate or "").startswith(_DATA_EXCEPTION)
        message = "" if quotes else f": {error.args[0]}"  # its `detail` has values
        return f"{title} ({error.sqlstate}){message}"
    # UnicodeError and asyncpg's DataError are of two kinds.
    shown = isinstance(error, _QUOTES_NOTHING) and not isinstance(error, ValueError)
    return f"{title}: {error}" if shown and str(error) else title
