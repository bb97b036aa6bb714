"""Following a stream in the test's own process."""

import asyncio
from collections.abc import AsyncIterator

from factories import Answer

SECONDS = 30


async def following(stream: AsyncIterator[Answer], field: str) -> dict[str, object]:
    """The next event of a stream."""
    async with asyncio.timeout(SECONDS):
        event: dict[str, object] = (await anext(stream))[field]
    return event


async def until_ready(stream: AsyncIterator[Answer], field: str) -> list[dict[str, object]]:
    """The events before the stream is ready, and that one."""
    events = [await following(stream, field)]
    while events[-1]["type"] != "READY":
        events.append(await following(stream, field))
    return events
