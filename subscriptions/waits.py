"""Waiting for a place of the log, so that one reads what one wrote."""

import asyncio
from contextlib import aclosing

from core import log_places
from core.context import Context
from core.cursors import Cursor
from core.errors import Unavailable
from subscriptions.tail import Diverged

_PATIENCE_S = 5


async def until_known(context: Context, cursor: Cursor, field: str) -> None:
    """Return when the log has been written as far as `cursor`; `field` is where it was given.

    `Unavailable` if it takes longer than 5 seconds, `Resync` if the log has another entry there.
    """
    log_places.require_own(context, cursor, field)
    try:
        if (await log_places.end(context)).seq < cursor.seq:
            await context.release()
            await _until(context, cursor.seq)
        await log_places.require_known(context, cursor, field)
    finally:
        await context.release()


async def _until(context: Context, seq: int) -> None:
    heads = context.hub.heads(context.viewer.organization_id)
    try:
        async with asyncio.timeout(_PATIENCE_S), aclosing(heads):
            async for head in heads:
                if head >= seq:
                    return
    except (TimeoutError, Diverged):
        pass
    raise Unavailable("The log is not written as far as this place yet: try again.")
