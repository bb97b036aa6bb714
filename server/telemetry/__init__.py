"""What a process tells of itself: log lines, metrics, and traces."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.telemetry.tracing import Tracing

_COLLECTORS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def tracing() -> "Tracing | None":
    """Traces, if OpenTelemetry's own variables name a collector; else nothing is loaded for it."""
    if not any(map(os.environ.get, _COLLECTORS)):
        return None
    try:
        from server.telemetry.tracing import Tracing  # noqa: PLC0415 - it may not be installed
    except ImportError as error:
        raise SystemExit(
            f"{_COLLECTORS[0]} is set, but OpenTelemetry is not installed: "
            "see the extra `otel` in pyproject.toml."
        ) from error
    return Tracing.by_environment()
