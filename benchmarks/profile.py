"""Where our server's time goes: `python -m benchmarks.profile board`."""

import cProfile
import os
import pstats
import runpy
import signal
import sys
from dataclasses import replace
from typing import Annotated, Any

import typer

from benchmarks import packages
from benchmarks.load import Load, measure
from benchmarks.operations import OPERATIONS, questions
from benchmarks.servers import OURS, ROOT, pinned, running
from benchmarks.stage import FOLDER, stage

_HOST = (sys.executable, "-c", "from benchmarks.profile import host; host()")
_FILE = FOLDER / "profile"


def main(
    operation: Annotated[str, typer.Argument(help="What is asked.")] = "board",
    seconds: Annotated[float, typer.Option(help="For how long.")] = 10,
    connections: Annotated[int, typer.Option(help="How many clients ask at once.")] = 4,
    top: Annotated[int, typer.Option(help="How many functions are shown.")] = 40,
) -> None:
    """Print the functions of our server that take the most time of their own."""
    packages.install()
    (asked,) = (each for each in OPERATIONS if each.name == operation)
    with pinned(first=False), stage() as ready:
        with running(replace(OURS, command=_HOST), ready) as server:
            wanted = questions(asked, server, ready)
            exact = not asked.writes
            measure(server, wanted, ready, Load(connections, 0, seconds / 3), exact=exact)
            os.kill(server.pid, signal.SIGUSR1)
            cell = measure(server, wanted, ready, Load(connections, 0, seconds), exact=exact)
            os.kill(server.pid, signal.SIGUSR2)
            measure(server, wanted, ready, Load(connections, 0, 0), exact=exact)
        _print(pstats.Stats(str(_FILE)), cell.requests_per_s * seconds, top)


def host() -> None:
    """Serve as always, and profile between two signals."""
    profile = cProfile.Profile()

    def end(*_: object) -> None:
        profile.disable()
        profile.dump_stats(_FILE)

    signal.signal(signal.SIGUSR1, lambda *_: profile.enable())
    signal.signal(signal.SIGUSR2, end)
    sys.argv = [str(ROOT / "server"), *OURS.command[3:]]
    runpy.run_module("server", run_name="__main__", alter_sys=True)


def _print(stats: pstats.Stats, requests: float, top: int) -> None:
    """One line for each function; the profiler itself makes calls look dearer than they are."""
    found: dict[Any, Any] = vars(stats)["stats"]
    rows = sorted(found.items(), key=lambda item: -item[1][2])
    typer.echo("own ms  total ms    calls  function, each per request")
    for (file, line, name), (_, calls, own, total, _) in rows[:top]:
        place = f"{_short(file)}:{line} {name}" if line else name
        per = 1000 / requests
        typer.echo(f"{own * per:6.3f}  {total * per:8.3f}  {calls / requests:7.1f}  {place}")


def _short(file: str) -> str:
    return file.rpartition("site-packages/")[2].removeprefix(f"{ROOT}/")


if __name__ == "__main__":
    typer.run(main)
