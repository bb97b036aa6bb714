"""The command line: `python -m benchmarks`."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from benchmarks import growth, machine, packages, rounds, same
from benchmarks.load import Load
from benchmarks.operations import OPERATIONS
from benchmarks.report import Report
from benchmarks.servers import OURS, SERVERS, pinned, running
from benchmarks.stage import Stage, stage

RESULTS = Path(__file__).parent / "results" / "latest.json"
Names = Annotated[list[str] | None, typer.Option(help="Only these; may be given several times.")]


def main(
    rounds: Annotated[int, typer.Option(help="How often everything is measured.")] = 3,
    seconds: Annotated[float, typer.Option(help="How long each time.")] = 10,
    warmup: Annotated[float, typer.Option(help="How long before, unmeasured.")] = 3,
    connections: Annotated[int, typer.Option(help="How many clients ask at once.")] = 4,
    peer: Names = None,
    operation: Names = None,
    markdown: Annotated[Path | None, typer.Option(help="Where to write the tables too.")] = None,
) -> None:
    """Measure Callsheet beside its peers, and print how they compare."""
    packages.install()
    load = Load(connections, warmup, seconds)
    with pinned(first=False), stage() as ready:
        report = _report(ready, load, rounds, set(peer or ()), set(operation or ()))
    RESULTS.parent.mkdir(exist_ok=True)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = {"at": now, "rounds": rounds, **report.as_json()}
    RESULTS.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    if markdown:
        markdown.write_text(report.as_markdown())
    typer.echo(f"\n{report.as_text()}")


def _report(ready: Stage, load: Load, times: int, peers: set[str], wanted: set[str]) -> Report:
    asked = [each for each in OPERATIONS if not wanted or each.name in wanted]
    chosen = [each for each in SERVERS if each is OURS or not peers or each.name in peers]
    with ExitStack() as stack:
        servers = [stack.enter_context(running(each, ready)) for each in chosen]
        same.check(servers, asked, ready)
        typer.echo(f"All {len(servers)} servers answer alike. Measuring.")
        table = rounds.run(servers, asked, ready, load, times, typer.echo)
        grown = growth.measured(servers[0], ready, load)
        return Report(table, grown, machine.describe(ready), load)


if __name__ == "__main__":
    typer.run(main)
