"""SQL statements as they are seen from outside."""

from server.telemetry.metrics import Metrics
from server.telemetry.watch import CURRENT, Sent

_OF_THE_DRIVER = ("pg_catalog", "'jit'")  # it asks for types, once in a connection's life


class Statements:
    """Notes what is sent to the database, and for which operation."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def sent(self, sql: str, seconds: float) -> None:
        """Note a statement."""
        if any(mark in sql for mark in _OF_THE_DRIVER):
            return
        self._metrics.statements.observe(seconds)
        if watch := CURRENT.get():
            watch.sent(Sent(sql, seconds))

    def waited(self, pool: str, seconds: float) -> None:
        """Note how long a connection was waited for."""
        self._metrics.waits.labels(pool).observe(seconds)
