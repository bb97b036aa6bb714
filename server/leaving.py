"""Clients that leave before they are answered."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

T = TypeVar("T")
_LOOK_EVERY_S = 0.25


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; `ClientDisconnect` if its client leaves, and then it is cancelled.

    The request's body must have been read. Cancelled with it is the statement that Postgres
    works on: nobody pays for an answer that nobody reads.
    """
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait([task], timeout=_LOOK_EVERY_S))[0]:
            if await request.is_disconnected():
                raise ClientDisconnect
        return task.result()
    finally:
        if task.cancel():
            await asyncio.wait([task])
