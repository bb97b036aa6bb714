"""What has to be cleared away from time to time."""

import asyncio
import gc
import logging
from collections.abc import Coroutine
from typing import Any

from core import attempts, doors
from core.database import Database
from core.outages import FAILED

_FORGETTING_S = 3600
_COLLECTION_S = 60
_FORGETS = (attempts.forget, doors.forget_answers, doors.forget_sessions)
log = logging.getLogger("callsheet")


def forever(database: Database) -> list[Coroutine[Any, Any, None]]:
    """What goes on as long as a process does."""
    return [_forget(database), _collect()]


async def _collect() -> None:
    """Give memory back of what has lasted for a while and is gone, such as connections.

    The collector by itself would come only when there is a quarter more of it. What is there from
    the start on is frozen, so that it takes milliseconds.
    """
    while True:
        await asyncio.sleep(_COLLECTION_S)
        gc.collect()


async def _forget(database: Database) -> None:
    """Clear away what is old; a database that is away is tried again next time."""
    while True:
        await asyncio.sleep(_FORGETTING_S)
        try:
            for forget in _FORGETS:
                await forget(database)
        except FAILED as error:
            log.warning("housekeeping failed: %s", error)
