"""A process is killed, and all of its clients come to another one at the same moment."""

import os
import signal
import time
from dataclasses import dataclass, replace

from benchmarks.realtime.targets import Ground, Target
from benchmarks.servers import OURS, running

CLIENTS = 1_500
_ORDERS = 20
_PER_SECOND = 50
_AFTER_S = 1.0


@dataclass(frozen=True)
class Recovery:
    """How soon they had been told what they had missed, of which nothing was lost or doubled."""

    half_s: float
    all_s: float
    cpu_s: float
    """Of the process that took them in, from the kill until the last message was told."""


def measured(ground: Ground) -> Recovery:
    """Messages go on all the time; each client must get each of its order, once, in order."""
    lost, kept = (replace(OURS, name=f"{OURS.name}-{name}") for name in ("lost", "kept"))
    orders, load = ground.orders[:_ORDERS], ground.load
    with running(lost, ground.stage) as first, running(kept, ground.stage) as second:
        clients = ground.some(CLIENTS)
        load.connect(ground.wish([first.url, second.url], orders, clients))
        to_second = Target(second, second.url)
        load.begin(to_second.posting(ground.stage, orders, _AFTER_S + ground.seconds, _PER_SECOND))
        time.sleep(_AFTER_S)
        before, killed_at = second.cpu_s(), time.time()
        os.kill(first.pid, signal.SIGKILL)
        heard = load.end()
        cpu_s = second.cpu_s() - before
        load.leave()
    if len(heard.back_at) != clients:
        raise SystemExit(f"{len(heard.back_at)} of {clients} clients came back.")
    back = sorted(each - killed_at for each in heard.back_at)
    return Recovery(back[len(back) // 2], back[-1], cpu_s)
