"""What lasts is served where connections come in, and holds nothing that requests go through."""

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from server import websocket
from server.event_streams import BEGUN


class Lasting:
    """Middleware: serves WebSockets, and the streams that requests have become.

    Whatever a connection goes through it holds for as long as it lasts.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or let it through; and what has come of it."""
        if scope["type"] == "websocket" and scope["path"] == self._path:
            await websocket.graphql(WebSocket(scope, receive, send))
            return
        await self._app(scope, receive, send)
        if stream := scope.pop(BEGUN, None):
            await stream.serve(scope, receive, send)
