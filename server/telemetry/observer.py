"""Watches operations: each is counted, timed, and logged when it has ended."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from structlog.contextvars import bound_contextvars

import models
from core import ids
from core.errors import ErrorCode
from core.viewer import Viewer
from server.telemetry.metrics import Metrics
from server.telemetry.slow import SlowLog
from server.telemetry.usage import Usage
from server.telemetry.watch import CURRENT, Watch

if TYPE_CHECKING:
    from server.telemetry.tracing import Tracing

_NOT_EXECUTED = {
    ErrorCode.GRAPHQL_PARSE_FAILED.value,
    ErrorCode.GRAPHQL_VALIDATION_FAILED.value,
    ErrorCode.UNAUTHENTICATED.value,
}
_UNKNOWN = "unknown"
_TOLD_KEPT = 10_000

log = logging.getLogger("callsheet.operations")


class Observer:
    """Watches the operations of a process; `known` says that no others can be executed."""

    def __init__(
        self,
        metrics: Metrics,
        usage: Usage,
        slow: SlowLog,
        tracing: "Tracing | None",
        *,
        known: bool,
    ) -> None:
        self._metrics = metrics
        self._usage = usage
        self._slow = slow
        self._tracing = tracing
        self._known = known
        self._told: OrderedDict[tuple[Viewer | None, str], None] = OrderedDict()

    @contextmanager
    def watch(self, request_id: str, transport: str) -> Iterator[Watch]:
        """Watch the operation that the block answers."""
        watch = Watch(request_id, transport, self._metrics.streams.labels(transport))
        began, token = time.perf_counter(), CURRENT.set(watch)
        try:
            with bound_contextvars(request_id=request_id):
                yield watch
        except asyncio.CancelledError:
            watch.cancelled()
            raise
        finally:
            CURRENT.reset(token)
            watch.ends()
            watch.seconds = time.perf_counter() - began
            # What the driver tells of the last statement is still in the loop's queue.
            asyncio.get_running_loop().call_soon(self._ended, watch)

    def socket(self) -> AbstractContextManager[None]:
        """Counts a WebSocket as open while the block lasts."""
        return self._metrics.sockets.track_inprogress()

    def _ended(self, watch: Watch) -> None:
        kind, name = _UNKNOWN, _UNKNOWN
        if operation := watch.operation:
            kind = operation.type.value
            if watch.code not in _NOT_EXECUTED:
                use = self._usage.note(operation)
                name = (self._known and watch.called) or use.root
                for element in use.outdated(operation.variables):
                    self._deprecated(element, watch)
        self._metrics.operations.labels(kind, name, watch.code).inc()
        self._log(watch, kind, name)
        if not watch.is_stream:
            self._metrics.seconds.labels(kind, name).observe(watch.seconds)
            self._slow.note(watch)
        if self._tracing:
            self._tracing.operation(watch, kind, name)

    def _log(self, watch: Watch, kind: str, name: str) -> None:
        log.info(
            "operation",
            extra={
                "request_id": watch.request_id,
                "transport": watch.transport,
                "type": kind,
                "field": name,
                "operation": watch.called,
                "code": watch.code,
                "ms": round(watch.seconds * 1000, 1),
                "statements": watch.statements,
                **_who(watch.viewer),
            },
        )

    def _deprecated(self, element: str, watch: Watch) -> None:
        """Count the use of a deprecated element; log who it was, once for each."""
        by = watch.viewer.permission.name if watch.viewer else _UNKNOWN
        self._metrics.deprecated.labels(element, by).inc()
        if (watch.viewer, element) not in self._told:
            self._told[watch.viewer, element] = None
            if len(self._told) > _TOLD_KEPT:
                self._told.popitem(last=False)
            log.warning("deprecated", extra={"element": element, **_who(watch.viewer)})


def _who(viewer: Viewer | None) -> dict[str, str]:
    """Who asked, in a line of the log."""
    if viewer is None:
        return {}
    return {
        "viewer": ids.encode(models.Person, viewer.id),
        "organization": ids.encode(models.Organization, viewer.organization_id),
    }
