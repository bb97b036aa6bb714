"""What was aimed at, and whether it was reached."""

from statistics import median

from benchmarks.realtime.results import Results
from benchmarks.servers import OURS
from benchmarks.tables import Line, number

HEAD = ("what", "bar", "measured", "met")


def lines(results: Results) -> list[Line]:
    """Each bar; those that need a server that was left out are not there."""
    latency = [each.committed for each in results.latency[OURS.name] if each.committed]
    kib = {"WebSocket": results.sockets_kib, "stream over HTTP": results.streams_kib}
    return [
        *_ratios(results, "stock", 15),
        *_ratios(results, "raw", 0.8),
        *(_most(f"idle, per {what}", values[OURS.name], 32, "KiB") for what, values in kib.items()),
        _most("commit to subscriber, p50", median(each.p50_ms for each in latency), 5, "ms"),
        _most("commit to subscriber, p99", median(each.p99_ms for each in latency), 15, "ms"),
        _most("all back after a kill", median(each.all_s for each in results.recovery), 5, "s"),
    ]


def _ratios(results: Results, peer: str, bar: float) -> list[Line]:
    """Frames per CPU second, against a peer's in the same round."""
    found: list[Line] = []
    for count, rows in results.fan_out.items():
        pairs = zip(rows[OURS.name], rows.get(peer, ()), strict=False)
        if ratios := [theirs.cpu_us / ours.cpu_us for ours, theirs in pairs]:
            ratio, what = median(ratios), f"fan-out to {count:,}, against {peer}"
            found.append((what, f">= {bar:g} x", f"{ratio:.2f} x", _met(ratio >= bar)))
    return found


def _most(what: str, value: float, bar: float, unit: str) -> Line:
    return what, f"<= {bar:g} {unit}", f"{number(value)} {unit}", _met(value <= bar)


def _met(is_met: bool) -> str:
    return "yes" if is_met else "no"
