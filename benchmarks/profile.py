"""Where our server's time goes: `python -m benchmarks.profile board`."""

import os
import runpy
import signal
import sys
from collections import Counter
from dataclasses import replace
from types import FrameType
from typing import Annotated

import orjson
import typer

from benchmarks import packages
from benchmarks.load import Load, measure
from benchmarks.operations import OPERATIONS, questions
from benchmarks.servers import OURS, ROOT, pinned, running
from benchmarks.stage import FOLDER, stage

_HOST = (sys.executable, "-c", "from benchmarks.profile import host; host()")
_FILE = FOLDER / "profile"
_EVERY_S = 0.001  # of processor time


def main(
    operation: Annotated[str, typer.Argument(help="What is asked.")] = "board",
    seconds: Annotated[float, typer.Option(help="For how long.")] = 10,
    connections: Annotated[int, typer.Option(help="How many clients ask at once.")] = 4,
    top: Annotated[int, typer.Option(help="How many functions are shown.")] = 40,
) -> None:
    """Print where our server is found when one looks at it every millisecond of its time."""
    packages.install()
    (asked,) = (each for each in OPERATIONS if each.name == operation)
    with pinned(first=False), stage() as ready:
        with running(replace(OURS, command=_HOST), ready) as server:
            wanted = questions(asked, server, ready)
            exact = not asked.writes
            measure(server, wanted, ready, Load(connections, 0, seconds / 3), exact=exact)
            os.kill(server.pid, signal.SIGUSR1)
            measure(server, wanted, ready, Load(connections, 0, seconds), exact=exact)
            os.kill(server.pid, signal.SIGUSR2)
            measure(server, wanted, ready, Load(connections, 0, 0), exact=exact)
        _print(orjson.loads(_FILE.read_bytes()), top)


def host() -> None:
    """Serve as always, and look where it is between two signals."""
    own: Counter[str] = Counter()
    total: Counter[str] = Counter()

    def look(_: int, frame: FrameType | None) -> None:
        stack = []
        while frame:
            stack.append(f"{_short(frame.f_code.co_filename)} {frame.f_code.co_qualname}")
            frame = frame.f_back
        own[stack[0]] += 1
        total.update(set(stack))

    def end(*_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        _FILE.write_bytes(orjson.dumps([own, total]))

    def begin(*_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)

    signal.signal(signal.SIGPROF, look)
    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)
    sys.argv = [str(ROOT / "server"), *OURS.command[3:]]
    runpy.run_module("server", run_name="__main__", alter_sys=True)


def _print(found: list[dict[str, int]], top: int) -> None:
    """The functions it was in, and those that it was in or below."""
    looks = sum(found[0].values())
    for title, counts in zip(("in it", "in it or below"), found, strict=True):
        typer.echo(f"\nshare {title}")
        told = Counter({place: count for place, count in counts.items() if count < looks})
        for place, count in told.most_common(top):
            typer.echo(f"{count / looks:6.1%}  {place}")


def _short(file: str) -> str:
    return file.rpartition("site-packages/")[2].removeprefix(f"{ROOT}/")


if __name__ == "__main__":
    typer.run(main)
