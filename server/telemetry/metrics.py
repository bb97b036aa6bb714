"""Metrics for Prometheus: what is counted as it happens, and what is looked up when asked for."""

import asyncio
from collections.abc import Iterator

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.database import Database
from engine.documents import DOCUMENTS
from engine.plans import PLANS
from server.telemetry.usage import Usage
from subscriptions.budgets import Ledger
from subscriptions.bus import Bus
from subscriptions.hub import Hub

_LAG_INTERVAL_S = 0.5
_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # it has none
        self.registry = own = CollectorRegistry()
        prometheus_client.ProcessCollector(registry=own)
        prometheus_client.PlatformCollector(registry=own)
        prometheus_client.GCCollector(registry=own)
        self.operations = Counter(
            "callsheet_operations",
            "Operations that have ended, by the root field, and by `OK` or the first error's code.",
            ("type", "name", "code"),
            registry=own,
        )
        self.seconds = Histogram(
            "callsheet_operation_seconds",
            "How long queries and mutations took, from the request to the answer.",
            ("type", "name"),
            registry=own,
        )
        self.streams = Gauge(
            "callsheet_streams", "Subscriptions that are open.", ("transport",), registry=own
        )
        self.sockets = Gauge("callsheet_sockets", "WebSockets that are open.", registry=own)
        self.deprecated = Counter(
            "callsheet_deprecated",
            "Operations that used a deprecated element, by who asked.",
            ("element", "by"),
            registry=own,
        )
        self.statements = self._times("statement", "How long SQL statements took.")
        self.waits = self._times("pool_wait", "How long a connection was waited for.", "pool")
        self.lag = self._times("event_loop_lag", "How late the loop was, looked at twice a second.")

    def _times(self, of: str, text: str, *labels: str) -> Histogram:
        """A histogram of short times."""
        name = f"callsheet_{of}_seconds"
        return Histogram(name, text, labels, buckets=_FAST, registry=self.registry)

    async def follow_the_loop(self) -> None:
        """Measure, for ever, how late the event loop is."""
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + _LAG_INTERVAL_S
            await asyncio.sleep(_LAG_INTERVAL_S)
            self.lag.observe(max(0.0, clock() - due))


class Parts(Collector):
    """Metrics of the parts of a process, as they are when somebody asks."""

    def __init__(
        self, database: Database, hub: Hub, bus: Bus, usage: Usage, ledger: Ledger
    ) -> None:
        self._database = database
        self._hub = hub
        self._bus = bus
        self._usage = usage
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        yield self._fields()
        yield from self._caches()
        yield from self._pools()
        yield from self._log()
        yield from self._budgets()

    def _fields(self) -> Metric:
        fields = CounterMetricFamily(
            "callsheet_fields",
            "Operations that were executed and asked for a field.",
            labels=("type", "field"),
        )
        for (kind, field), times in self._usage.fields().items():
            fields.add_metric((kind, field), times)
        return fields

    def _caches(self) -> Iterator[Metric]:
        looked_up = CounterMetricFamily(
            "callsheet_cache_lookups", "Look-ups in caches.", labels=("cache", "result")
        )
        kept = GaugeMetricFamily("callsheet_cache_entries", "What is kept.", labels=("cache",))
        for cache, hits, misses, size in (
            ("plans", PLANS.hits, PLANS.misses, len(PLANS)),
            ("documents", DOCUMENTS.hits, DOCUMENTS.misses, len(DOCUMENTS)),
        ):
            looked_up.add_metric((cache, "hit"), hits)
            looked_up.add_metric((cache, "miss"), misses)
            kept.add_metric((cache,), size)
        yield from (looked_up, kept)

    def _pools(self) -> Iterator[Metric]:
        connections = GaugeMetricFamily(
            "callsheet_pool_connections",
            "Connections to Postgres: in use, idle, or as many as there may be.",
            labels=("pool", "state"),
        )
        for pool, use in self._database.pools().items():
            connections.add_metric((pool, "used"), use.used)
            connections.add_metric((pool, "idle"), use.idle)
            connections.add_metric((pool, "limit"), use.limit)
        yield connections

    def _log(self) -> Iterator[Metric]:
        for name, text, value in (
            ("redis_connected", "Whether Redis answers: 0 while the logs are polled.",
             self._bus.connected),
            ("log_topics", "Logs that somebody follows here.", self._hub.topics),
            ("log_subscribers", "Streams that follow a log here.", self._hub.subscribers),
            ("presence_orders", "Orders of which somebody here is told who is there.",
             self._hub.rooms.open),
            ("presence_watchers", "Streams that tell who is at an order.",
             self._hub.rooms.watchers),
            ("log_check_age_seconds", "Since the database was last asked how far the logs are.",
             self._hub.checked_ago),
        ):  # fmt: skip
            yield GaugeMetricFamily(f"callsheet_{name}", text, value=float(value))
        for name, text, value in (
            ("redis_lost", "Messages that could not be published.", self._bus.failures),
            ("log_late", "Entries that were not heard of by Redis but found by asking.",
             self._hub.late),
        ):  # fmt: skip
            yield CounterMetricFamily(f"callsheet_{name}", text, value=value)

    def _budgets(self) -> Iterator[Metric]:
        spent = CounterMetricFamily(
            "callsheet_points", "Points that were spent, by whose budget it was.", labels=("of",)
        )
        refused = CounterMetricFamily(
            "callsheet_rate_limited", "Operations for which a budget was too empty.", labels=("of",)
        )
        for policy in self._ledger.budgets.policies.values():
            spent.add_metric((policy.payer,), policy.spent)
            refused.add_metric((policy.payer,), policy.refused)
        yield from (spent, refused)
        yield CounterMetricFamily(
            "callsheet_budgets_unsettled",
            "How often Redis could not be told what was spent.",
            value=self._ledger.failures,
        )
