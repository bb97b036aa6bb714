"""The ASGI application."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

import schema
from core.budgets import Budgets
from core.database import Database
from core.tokens import Tokens
from server import browsers, health, housekeeping, http
from server.callers import Callers
from server.documents import Documents, manifest
from server.health import Readiness
from server.lasting import Lasting
from server.local import Servers
from server.request_ids import RequestIds
from server.settings import Settings
from server.state import State
from server.telemetry.metrics import Metrics, Parts
from server.telemetry.observer import Observer
from server.telemetry.slow import SlowLog
from server.telemetry.statements import Statements
from server.telemetry.usage import Usage
from subscriptions.budgets import Ledger
from subscriptions.bus import Bus
from subscriptions.hub import Hub

if TYPE_CHECKING:
    from server.telemetry.tracing import Tracing

_CONSOLE = Path(__file__).parent.parent / "console" / "dist"
_STATEMENT_S = 60  # after which Postgres ends it itself: a process that hangs can't cancel it
_GONE = "the handler is closed"  # as uvloop says that a client has left
_COMPRESSED_FROM = 1024  # bytes
_COMPRESSION = 4  # a tenth more bytes than 9, in a third of the time


def create(servers: Servers, settings: Settings, tracing: "Tracing | None" = None) -> Starlette:
    """The application over these servers; it connects when it starts."""
    listed = manifest(settings.documents) if settings.documents else None
    logging.getLogger("uvicorn.error").addFilter(_is_ours)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with _running(servers, settings, tracing, listed) as state:
            app.state.callsheet = state
            _collect_seldom()
            yield

    routes: list[BaseRoute] = [
        Route("/health", health.health),
        Route("/ready", health.ready),
        Route("/metrics", health.metrics),
        Route("/graphql", http.graphql, methods=["GET", "POST"]),
    ]
    if settings.console:
        files = StaticFiles(directory=_CONSOLE, html=True, check_dir=False)
        routes += [Route("/", _to_console), Mount("/console", files)]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=_middleware(settings, tracing),
        exception_handlers={HTTPStatus.METHOD_NOT_ALLOWED: http.not_allowed},
    )


def _middleware(settings: Settings, tracing: "Tracing | None") -> list[Middleware]:
    """What each request goes through, the outermost first."""
    return [
        Middleware(RequestIds),
        *([tracing.middleware()] if tracing else []),
        *browsers.of_pages(settings.origins or frozenset()),
        Middleware(Lasting, path="/graphql"),
        Middleware(
            GZipMiddleware,
            minimum_size=_COMPRESSED_FROM,
            compresslevel=_COMPRESSION,
            exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "multipart/mixed"),
        ),
    ]


@asynccontextmanager
async def _running(
    servers: Servers,
    settings: Settings,
    tracing: "Tracing | None",
    listed: Mapping[str, str] | None,
) -> AsyncIterator[State]:
    """The parts of the process, which run while the block lasts."""
    metrics, bus = Metrics(), Bus(servers.redis_url)
    at, listener, pooled = servers.database_url, Statements(metrics), settings.pooler
    database = Database(at, pooled=pooled, listener=listener, statement_s=_STATEMENT_S)
    hub, budgets, tokens = Hub(database, bus), Budgets(settings.points), Tokens(servers.secret)
    ledger = Ledger(budgets, servers.redis_url)
    usage, slow = Usage(schema.core()), SlowLog(database, settings.slow_ms / 1000)
    metrics.registry.register(Parts(database, hub, bus, usage, ledger))
    await hub.start()
    ledger.start()
    callers = Callers(tokens, database, settings.issuer)
    state = State(
        schema.build(),
        database,
        hub,
        budgets,
        tokens,
        callers,
        Documents(database, listed),
        Observer(metrics, usage, slow, tracing, known=listed is not None),
        metrics,
        settings.metrics_token,
        Readiness(database, bus),
    )
    endless = (*housekeeping.forever(database), metrics.follow_the_loop(), callers.watch())
    try:
        with _beside(*endless):
            yield state
    finally:
        await asyncio.gather(*(part.stop() for part in (slow, hub, ledger)))
        await database.close()
        if tracing:
            await tracing.stop()


@contextmanager
def _beside(*endless: Coroutine[Any, Any, None]) -> Iterator[None]:
    """Has these go on while the block lasts."""
    tasks = [asyncio.create_task(each) for each in endless]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


def _collect_seldom() -> None:
    """Keep the garbage collector from what stays, and from answers that are still being made.

    An answer is tens of thousands of objects without cycles; to search them makes the slowest
    requests slower. What lasts for minutes, such as connections, is left to `housekeeping`.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a line of the log is about more than a client that errs."""
    error = record.exc_info and record.exc_info[1]
    has_left = isinstance(error, RuntimeError) and _GONE in str(error)
    return not (has_left or isinstance(error, UnicodeDecodeError))


async def _to_console(_: Request) -> Response:
    return RedirectResponse("/console/")
