"""What those who run a process ask it: does it live, is it ready, and its metrics."""

import asyncio
import secrets
import time
from http import HTTPStatus

import prometheus_client
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from core.database import Database
from core.outages import FAILED
from server.callers import bearer
from server.migrate import Revision, revision_of
from subscriptions.bus import Bus

_FRESH_S = 1.0  # a crowd that asks is answered by one look at the database
_ANSWER_S = 5


class Readiness:
    """Whether a process should be given requests."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._leaving = False
        self._one_at_a_time = asyncio.Lock()
        self._seen: Revision | None = None
        self._seen_at = -_FRESH_S

    def leave(self) -> None:
        """Be ready no more: the process is about to end."""
        self._leaving = True

    async def told(self) -> dict[str, str | bool]:
        """What is told of it."""
        async with self._one_at_a_time:
            if time.monotonic() - self._seen_at >= _FRESH_S:
                self._seen = await self._look()
                self._seen_at = time.monotonic()
        usable = self._seen in (Revision.CURRENT, Revision.NEWER)
        return {
            "ready": usable and not self._leaving,
            "leaving": self._leaving,
            "database": self._seen.value if self._seen else "unreachable",
            "redis": "connected" if self._bus.connected else "polling",
        }

    async def _look(self) -> Revision | None:
        """How the database's schema compares with ours; None if it can't be reached."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await revision_of(self._database)
        except FAILED:  # TimeoutError is an OSError
            return None


async def health(_: Request) -> Response:
    """Says that the process serves."""
    return PlainTextResponse("ok")


async def ready(request: Request) -> Response:
    """Says whether requests should come here, or rather to another process."""
    told = await request.app.state.callsheet.readiness.told()
    status = HTTPStatus.OK if told["ready"] else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse(told, status, {"Cache-Control": "no-store"})


async def metrics(request: Request) -> Response:
    """The metrics, for whoever has their token."""
    state = request.app.state.callsheet
    wanted, given = state.metrics_token, bearer(request.headers.get("authorization"))
    if not wanted:
        message = "There are no metrics here: CALLSHEET_METRICS_TOKEN is not set."
        return PlainTextResponse(message, HTTPStatus.NOT_FOUND)
    if not secrets.compare_digest((given or "").encode(), wanted.get_secret_value().encode()):
        challenge = {"WWW-Authenticate": 'Bearer realm="callsheet metrics"'}
        return PlainTextResponse("A token is needed.", HTTPStatus.UNAUTHORIZED, challenge)
    told = prometheus_client.generate_latest(state.metrics.registry)
    return Response(told, media_type="text/plain; version=0.0.4; charset=utf-8")
