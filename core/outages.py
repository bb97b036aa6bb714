"""Failures that last, such as a database or a Redis that is away."""

import logging

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
