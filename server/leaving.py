"""Clients that leave before they are answered."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

T = TypeVar("T")
_SOON_S = 0.25


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; `ClientDisconnect` if its client leaves, and then it is cancelled.

    The request's body must have been read. Cancelled with it is the statement that Postgres
    works on: nobody pays for an answer that nobody reads. Who is answered soon is not looked after.
    """
    watching: list[asyncio.Task[None]] = []
    try:
        async with asyncio.timeout(None) as limit:
            begin = asyncio.get_running_loop().call_later(
                _SOON_S, lambda: watching.append(asyncio.create_task(_watch(request, limit)))
            )
            try:
                return await work
            finally:
                begin.cancel()
                for task in watching:
                    task.cancel()
    except TimeoutError:
        if limit.expired():
            raise ClientDisconnect from None
        raise


async def _watch(request: Request, limit: asyncio.Timeout) -> None:
    """End what has a limit as soon as its client is gone."""
    await gone(request.receive)
    end(limit)


async def gone(receive: Receive) -> None:
    """Wait until a client has left, whose request was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


def end(limit: asyncio.Timeout) -> None:
    """End what has a limit, unless it ends already."""
    if not limit.expired():
        limit.reschedule(asyncio.get_running_loop().time())
