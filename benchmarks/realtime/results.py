"""Everything that is measured, each time in another order."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from random import Random

from benchmarks.realtime import fan_out, idle, latency, recovery
from benchmarks.realtime.fan_out import FanOut
from benchmarks.realtime.latency import Latency
from benchmarks.realtime.recovery import Recovery
from benchmarks.realtime.targets import Ground, Target
from benchmarks.servers import OURS, Server, running

LISTENERS = (500, 2_000)
"""Of one order."""
Tell = Callable[[str], None]


@dataclass
class Results:
    """What was measured, by server, once for each round."""

    fan_out: dict[int, dict[str, list[FanOut]]] = field(
        default_factory=lambda: {count: defaultdict(list) for count in LISTENERS}
    )
    sockets_kib: dict[str, float] = field(default_factory=dict)
    streams_kib: dict[str, float] = field(default_factory=dict)
    latency: dict[str, list[Latency]] = field(default_factory=lambda: defaultdict(list))
    recovery: list[Recovery] = field(default_factory=list)


def measured(servers: Sequence[Server], ground: Ground, rounds: int, tell: Tell) -> Results:
    """Measure everything; what is compared stands next to each other in time."""
    results, chance = Results(), Random(rounds)  # noqa: S311 - any order, but the same each time
    for server in servers:
        _idle(server, ground, results, tell)
    with _targets(servers, ground) as targets:
        for _ in range(rounds):
            for count in LISTENERS:
                for target in chance.sample(targets, len(targets)):
                    _fan_out(target, ground, count, results, tell)
            for target in chance.sample(targets, len(targets)):
                _latency(target, ground, results, tell)
    for _ in range(rounds):
        found = recovery.measured(ground)
        results.recovery.append(found)
        tell(f"killed    all back after {found.all_s:.2f} s")
    return results


@contextmanager
def _targets(servers: Sequence[Server], ground: Ground) -> Iterator[list[Target]]:
    """The servers, which all tell the same."""
    with ExitStack() as stack:
        ours, *others = (stack.enter_context(running(each, ground.stage)) for each in servers)
        # As with many processes, where most messages are posted to others than the one that tells.
        writer = stack.enter_context(running(replace(OURS, name="writer"), ground.stage))
        own = Target(ours, writer.url)
        frame = ground.sample(own)
        targets = [own]
        for each in others:
            target = Target.other(each, frame)
            if (told := ground.sample(target)) != frame:
                raise SystemExit(f"{each.server.title} tells\n{told}\nand ours\n{frame}")
            targets.append(target)
        yield targets


def _idle(server: Server, ground: Ground, results: Results, tell: Tell) -> None:
    sockets = idle.measured(server, ground, over_http=False)
    results.sockets_kib[server.name] = sockets
    tell(f"idle      {server.name:10} {sockets:8.1f} KiB a WebSocket")
    if server is OURS:
        streams = idle.measured(server, ground, over_http=True)
        results.streams_kib[server.name] = streams
        tell(f"idle      {server.name:10} {streams:8.1f} KiB a stream over HTTP")


def _fan_out(target: Target, ground: Ground, count: int, results: Results, tell: Tell) -> None:
    found = fan_out.measured(target, ground, ground.some(count))
    results.fan_out[count][target.name].append(found)
    tell(f"to {count:5}  {target.name:10} {found.cpu_us:8.1f} us a frame")


def _latency(target: Target, ground: Ground, results: Results, tell: Tell) -> None:
    if target.is_ours:
        target = replace(target, source=target.server.url)
    found = latency.measured(target, ground)
    results.latency[target.name].append(found)
    tell(f"latency   {target.name:10} {found.posted.p50_ms:8.1f} ms")
