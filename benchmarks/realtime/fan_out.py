"""One message to many who follow the same order."""

from dataclasses import dataclass

from benchmarks.realtime.commits import times
from benchmarks.realtime.targets import Ground, Target
from benchmarks.realtime.waits import Waits

_WARMUP_S = 1


@dataclass(frozen=True)
class FanOut:
    """What it took."""

    cpu_us: float
    """Of the server's process, for each frame."""
    spread: Waits
    """From the first who gets a message to the last."""
    each: Waits
    """From the commit, or from the request of who does not commit, to each."""
    load_busy: float
    """How much of a processor the listeners took."""


def measured(target: Target, ground: Ground, listeners: int) -> FanOut:
    """Messages one after the other, each when all have got the one before."""
    order, load, stage = ground.orders[:1], ground.load, ground.stage
    load.connect(ground.wish([target.server.url], order, listeners))
    load.begin(target.posting(stage, order, _WARMUP_S))
    load.end()
    head, before = stage.last_seq, target.server.cpu_s()
    load.begin(target.posting(stage, order, ground.seconds))
    heard = load.end()
    cpu_s = target.server.cpu_s() - before
    load.leave()
    begun = times(stage, head) if target.is_ours else heard.sent_at
    return FanOut(
        cpu_s / heard.frames * 1e6,
        Waits.of([max(each) - min(each) for each in heard.arrivals]),
        Waits.of(heard.waits(begun)),
        heard.busy,
    )
