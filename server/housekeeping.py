"""What has to be cleared away from time to time."""

import asyncio
import logging

from asyncpg import InterfaceError, PostgresError

from core import attempts, doors
from core.database import Database

_INTERVAL_S = 3600
_FORGETS = (attempts.forget, doors.forget_answers, doors.forget_sessions)
log = logging.getLogger("callsheet")


async def forever(database: Database) -> None:
    """Clear away what is old, every hour; a database that is away is tried again next time."""
    while True:
        await asyncio.sleep(_INTERVAL_S)
        try:
            for forget in _FORGETS:
                await forget(database)
        except (PostgresError, InterfaceError, OSError) as error:
            log.warning("housekeeping failed: %s", error)
