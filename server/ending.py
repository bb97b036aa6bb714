"""How a process ends: it tells so first, then lets its connections go, little by little."""

import asyncio
import random
import socket
from typing import cast

import uvicorn
from starlette.applications import Starlette

from server.sockets import SocketProtocol

_TICK_S = 0.1
_SOCKETS_AT_ONCE = 20  # of those that come back at once, to other processes
_LONGEST_S = 10
_RESTART = 1012  # after which graphql-ws connects again, and resumes


class Process(uvicorn.Server):
    """uvicorn, which ends all connections at once if it is let."""

    def __init__(self, config: uvicorn.Config, drain_seconds: int) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on for a while, until load balancers have seen `/ready`; then end."""
        state = cast("Starlette", self.config.app).state.callsheet
        state.readiness.leave()
        for _ in range(int(self._drain_seconds / _TICK_S)):
            await self._tick()
        for listening in [*self.servers, *(sockets or ())]:
            listening.close()
        await self._dismiss()
        state.telling.end()
        await super().shutdown(sockets)

    async def _dismiss(self) -> None:
        """Send the WebSocket clients away, by chance and not faster than others can take them."""
        left = [each for each in self.server_state.connections if isinstance(each, SocketProtocol)]
        random.shuffle(left)
        at_once = max(_SOCKETS_AT_ONCE, int(len(left) * _TICK_S / _LONGEST_S))
        while left:
            for each in left[:at_once]:
                each.kick(_RESTART, "The server process ends")
            if left := left[at_once:]:
                await self._tick()

    async def _tick(self) -> None:
        if not self.force_exit:
            await asyncio.sleep(_TICK_S)
