"""The memory of those who follow an order on which nothing happens."""

from dataclasses import replace

from benchmarks.realtime.targets import Ground
from benchmarks.servers import Server, running

LISTENERS = 2_000
_BEFORE = 200  # who make the server allocate what it needs anyway


def measured(server: Server, ground: Ground, *, over_http: bool) -> float:
    """What each of them adds to the memory of a new process, in KiB."""
    order, count = ground.orders[:1], ground.some(LISTENERS)
    with running(replace(server, name=f"{server.name}-idle"), ground.stage) as new:
        before = ground.some(_BEFORE)
        ground.load.connect(ground.wish([new.url], order, before, over_http=over_http))
        used = new.memory_mib()
        ground.load.connect(ground.wish([new.url], order, count, over_http=over_http))
        added = new.memory_mib() - used
        ground.load.leave()
    return added * 1024 / count
