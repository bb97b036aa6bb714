"""What is noted of an operation while it is answered."""

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from graphql import OperationType
from prometheus_client import Gauge

from core.viewer import Viewer
from server.operations import Operation

OK, CANCELLED = "OK", "CANCELLED"
_STATEMENTS_KEPT = 50
_NAME_LENGTH = 80


@dataclass(frozen=True)
class Sent:
    """An SQL statement that was sent, and how long it took until `at`, in Unix time."""

    raw: str
    seconds: float
    at: float = field(default_factory=time.time)

    @property
    def sql(self) -> str:
        """The statement on one line; made only for those that somebody reads."""
        return " ".join(self.raw.split())


@dataclass
class Watch:
    """One operation, from its request to its answer."""

    request_id: str
    transport: str
    streams: Gauge
    """How many subscriptions are open."""
    started: float = field(default_factory=time.time)
    seconds: float = 0
    operation: Operation | None = None
    viewer: Viewer | None = None
    code: str = OK
    """`OK`, the code of the first error, or `CANCELLED`."""
    statements: int = 0
    slowest: list[Sent] = field(default_factory=list)

    def begins(self, operation: Operation) -> None:
        """Note what is asked for."""
        self.operation = operation
        if self.is_stream:
            self.streams.inc()

    def ends(self) -> None:
        """Note that all of it was answered, or nothing will be."""
        if self.is_stream:
            self.streams.dec()

    @property
    def is_stream(self) -> bool:
        """Whether it is a subscription."""
        return self.operation is not None and self.operation.type is OperationType.SUBSCRIPTION

    @property
    def called(self) -> str | None:
        """What the client calls it, as far as one wants to read that."""
        called = self.operation and self.operation.called
        return called[:_NAME_LENGTH] if called else None

    def cancelled(self) -> None:
        """Note that nobody waits for an answer any more."""
        self.code = CANCELLED

    def failed(self, code: str) -> None:
        """Note an error that the client gets; the first counts."""
        if self.code == OK:
            self.code = code

    def sent(self, statement: Sent) -> None:
        """Note a statement; the slowest are kept."""
        self.statements += 1
        self.slowest.append(statement)
        if len(self.slowest) > _STATEMENTS_KEPT:
            self.slowest.remove(min(self.slowest, key=lambda each: each.seconds))


CURRENT: ContextVar[Watch | None] = ContextVar("watch", default=None)
"""The operation that a task is about."""


def note_operation(operation: Operation) -> None:
    """Note what is asked for by the operation that this task is about."""
    if watch := CURRENT.get():
        watch.begins(operation)


def note_failure(code: str) -> None:
    """Note an error of the operation that this task is about."""
    if watch := CURRENT.get():
        watch.failed(code)


def note_viewer(viewer: Viewer) -> None:
    """Note who asks for the operation that this task is about."""
    if watch := CURRENT.get():
        watch.viewer = viewer
