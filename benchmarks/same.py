"""Whether every server answers what ours does."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from benchmarks.operations import Operation, ask, questions
from benchmarks.servers import Running
from benchmarks.stage import Stage

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def check(servers: Sequence[Running], operations: Sequence[Operation], stage: Stage) -> None:
    """Nothing, if all answer alike; else the first differences, and the end."""
    for operation in operations:
        expected, effect = _outcome(operation, servers[0], stage)
        for server in servers[1:]:
            found, done = _outcome(operation, server, stage)
            if wrong := [*_differences(expected, found, ""), *_differences(effect, done, "stored")]:
                title = f"{server.server.title} answers otherwise than ours to {operation.name}:"
                raise SystemExit("\n".join([title, *wrong[:10]]))


def _outcome(operation: Operation, server: Running, stage: Stage) -> tuple[list[Any], list[Any]]:
    """What it answers, and what it has stored."""
    answers = [ask(server, stage, each)["data"] for each in questions(operation, server, stage)]
    if not operation.writes:
        return answers, []
    stored = stage.posted()
    stage.reset()
    for answer in answers:  # what no two servers can have alike
        answer["postMessage"]["message"] |= {"id": None, "createdAt": None}
    return answers, stored


def _differences(ours: Any, theirs: Any, path: str) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in ours | theirs:
            yield from _differences(ours.get(name), theirs.get(name), f"{path}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(one, other, f"{path}[{i}]")
    elif _plain(ours) != _plain(theirs):
        yield f"{path}: ours {ours!r}, theirs {theirs!r}"


def _plain(value: Any) -> Any:
    """A value; times as such, because `Z` and `+00:00` are the same, and so are `.5` and `.500`."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        return datetime.fromisoformat(value).astimezone(UTC)
    return value
