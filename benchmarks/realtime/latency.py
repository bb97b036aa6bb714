"""A working day: many orders, a few listeners each, messages all the time."""

from dataclasses import dataclass

from benchmarks.realtime.commits import times
from benchmarks.realtime.targets import Ground, Target
from benchmarks.realtime.waits import Waits

LISTENERS = 1_000
ORDERS = 100
PER_SECOND = 100
_WARMUP_S = 1


@dataclass(frozen=True)
class Latency:
    """How long a message takes from who posts it to who follows its order."""

    posted: Waits
    """From the request."""
    committed: Waits | None
    """From the commit; None if there is none."""
    busy: float
    """How much of a processor the server took."""


def measured(target: Target, ground: Ground) -> Latency:
    """Messages at an even pace, posted to the very server that tells them."""
    orders, load, stage = ground.orders[:ORDERS], ground.load, ground.stage
    rate = ground.some(PER_SECOND)
    load.connect(ground.wish([target.server.url], orders, ground.some(LISTENERS)))
    load.begin(target.posting(stage, orders, _WARMUP_S, rate))
    load.end()
    head, before = stage.last_seq, target.server.cpu_s()
    load.begin(target.posting(stage, orders, ground.seconds, rate))
    heard = load.end()
    cpu_s = target.server.cpu_s() - before
    load.leave()
    committed = heard.waits(times(stage, head)) if target.is_ours else None
    return Latency(
        Waits.of(heard.waits(heard.sent_at)),
        Waits.of(committed) if committed else None,
        cpu_s / ground.seconds,
    )
