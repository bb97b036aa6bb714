"""The command line: `python -m benchmarks.realtime`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from benchmarks import machine, packages
from benchmarks.people import hired
from benchmarks.realtime import commits, results
from benchmarks.realtime.load import loading
from benchmarks.realtime.report import Report
from benchmarks.realtime.targets import NODE_WS, SERVERS, Ground
from benchmarks.servers import OURS, pinned
from benchmarks.stage import stage

RESULTS = Path(__file__).parent.parent / "results" / "realtime.json"
_PEOPLE = 50
_QUICK = (1, 3)
_LAID_OUT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS


def main(
    rounds: Annotated[int, typer.Option(help="How often everything is measured.")] = 3,
    seconds: Annotated[float, typer.Option(help="How long messages are posted each time.")] = 10,
    share: Annotated[float, typer.Option(help="Of the subscribers, to try it out.")] = 1,
    quick: Annotated[bool, typer.Option("--quick", help="Once, in less than 5 minutes.")] = False,
    peer: Annotated[
        list[str] | None, typer.Option(help="Only these; may be given several times.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Where to write the tables too.")] = None,
) -> None:
    """Measure Callsheet's subscriptions beside others, and print how they compare."""
    if quick:
        rounds, seconds = _QUICK
    chosen = [each for each in SERVERS if each is OURS or not peer or each.name in peer]
    if NODE_WS in chosen:
        packages.install()
    with pinned(first=False), stage(**commits.SETTINGS) as ready, loading() as load:
        ground = Ground(ready, load, hired(ready, _PEOPLE), seconds, share)
        found = results.measured(chosen, ground, rounds, typer.echo)
        report = Report(found, machine.describe(ready), rounds, seconds, share)
    RESULTS.parent.mkdir(exist_ok=True)
    kept = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "found": report}
    RESULTS.write_bytes(orjson.dumps(kept, option=_LAID_OUT))
    if markdown:
        markdown.write_text(report.as_markdown())
    typer.echo(f"\n{report.as_text()}")


if __name__ == "__main__":
    typer.run(main)
