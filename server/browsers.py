"""What browsers are told: which pages may use the API, and what they may do with answers."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_PREFLIGHT_S = 7200  # for which a browser keeps the answer to a preflight, at most
_EXPOSED = (
    "ETag",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # The console needs no more: its script is a file of ours, and its editors style themselves.
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}
"""What every answer has, so that no browser reads more into it than it says."""


class KnownOrigins:
    """Refuses the WebSockets of pages that may not use the API; CORS does not speak of these."""

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket" and not self._knows(Headers(scope=scope)):
            await send({"type": "websocket.close"})  # before it is accepted: the answer is 403
        else:
            await self._app(scope, receive, send)

    def _knows(self, headers: Headers) -> bool:
        """Whether it is a page of ours, or one that is listed, or no page at all."""
        origin = headers.get("origin")
        ours = urlsplit(origin or "").netloc == headers.get("host")
        return origin is None or ours or origin in self._origins


def of_pages(origins: frozenset[str]) -> list[Middleware]:
    """What lets the pages of these origins use the API, and no others.

    Credentials in CORS's sense, cookies, are never allowed: who asks is told by a header.
    """
    if not origins:
        return []
    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=("GET", "POST"),
        allow_headers=("*",),
        expose_headers=_EXPOSED,
        max_age=_PREFLIGHT_S,
    )
    return [cors, Middleware(KnownOrigins, origins)]
