"""Traces by OpenTelemetry: each request, the operation in it, and its SQL statements."""

import asyncio
import os
from typing import Self

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    format_trace_id,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from server.telemetry.watch import OK, Watch

_TRACED = "/graphql"
_SERVER_ERROR = 500


class Tracing:
    """Makes spans of what is watched; nothing that a client sent is in them, but for names."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("callsheet")

    @classmethod
    def by_environment(cls) -> Self:
        """One that exports to where OpenTelemetry's own variables say."""
        service = os.environ.get("OTEL_SERVICE_NAME", "callsheet")
        provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def middleware(self) -> Middleware:
        """What makes the spans of requests."""
        return Middleware(TracedRequests, self)

    async def stop(self) -> None:
        """Export what is left."""
        await asyncio.to_thread(self._provider.shutdown)

    def request(self, scope: Scope) -> Span:
        """The span of a request, in the trace of its client if that has one."""
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        return self._tracer.start_span(
            f"{scope['method']} {scope['path']}",
            TraceContextTextMapPropagator().extract(headers),
            SpanKind.SERVER,
            {"http.request.method": scope["method"], "url.path": scope["path"]},
        )

    def operation(self, watch: Watch, kind: str, field: str) -> None:
        """Make the spans of an operation that has ended, inside the span of its request."""
        span = self._tracer.start_span(
            f"{kind} {field}",
            start_time=_nanoseconds(watch.started),
            attributes={
                "graphql.operation.type": kind,
                "graphql.operation.name": watch.called or "",
                "callsheet.code": watch.code,
                "callsheet.request_id": watch.request_id,
            },
        )
        if watch.code != OK:
            span.set_status(Status(StatusCode.ERROR, watch.code))
        inside = set_span_in_context(span)
        for sent in watch.slowest:
            statement = self._tracer.start_span(
                sent.sql.split(maxsplit=1)[0],
                inside,
                SpanKind.CLIENT,
                {"db.system.name": "postgresql", "db.query.text": sent.sql},
                start_time=_nanoseconds(sent.at - sent.seconds),
            )
            statement.end(_nanoseconds(sent.at))
        span.end(_nanoseconds(watch.started + watch.seconds))


class TracedRequests:
    """Middleware: a span for each request for GraphQL; its trace is in what is logged."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; a WebSocket, which lasts, has a span for each operation only."""
        if scope["type"] != "http" or scope["path"] != _TRACED:
            await self._app(scope, receive, send)
            return
        span = self._tracing.request(scope)

        async def with_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
                if message["status"] >= _SERVER_ERROR:
                    span.set_status(StatusCode.ERROR)
            await send(message)

        trace_id = format_trace_id(span.get_span_context().trace_id)
        with (
            use_span(span, end_on_exit=True, record_exception=False),  # its text has values
            bound_contextvars(trace_id=trace_id),
        ):
            await self._app(scope, receive, with_status)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
