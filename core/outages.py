"""Failures that last, such as a database or a Redis that is away."""

import logging
from typing import TypeGuard

from asyncpg import InterfaceError, PostgresConnectionError, PostgresError
from asyncpg.exceptions import InternalClientError, OperatorInterventionError

AWAY = (
    OSError,
    InterfaceError,
    InternalClientError,
    PostgresConnectionError,
    OperatorInterventionError,
)
"""What is raised when the database is away."""
FAILED = (OSError, PostgresError, InterfaceError)
"""What is raised when a statement fails, for whatever reason."""

logger = logging.getLogger("callsheet")


class Outage:
    """A failure that lasts: logged when it begins and when it is over, not in between."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._lasts = False

    def begin(self, error: Exception) -> None:
        """Note that it has failed, perhaps again."""
        if not self._lasts:
            logger.warning("%s fails: %s: %s", self.what, type(error).__name__, error)
        self._lasts = True

    def end(self) -> None:
        """Note that it has worked, perhaps again."""
        if self._lasts:
            logger.warning("%s works again", self.what)
        self._lasts = False


def is_away(error: BaseException | None) -> TypeGuard[Exception]:
    """Whether an error tells that the database is away; not that something was asked wrongly."""
    return isinstance(error, AWAY) and not isinstance(error, ValueError)
