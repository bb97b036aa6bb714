"""One cell of the table: a server under the same questions for some seconds."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from benchmarks.operations import Question
from benchmarks.servers import NODE, PEERS, Running, cpu_s
from benchmarks.stage import Stage


@dataclass(frozen=True)
class Load:
    """How much is asked, and for how long."""

    connections: int
    warmup_s: float
    seconds: float


@dataclass(frozen=True)
class Cell:
    """What was measured."""

    requests_per_s: float
    p50_ms: float
    p99_ms: float
    server_cpu_ms: float
    """Per request."""
    postgres_cpu_ms: float
    """Per request."""
    memory_mib: float
    generator_cpu_ms: float
    """Per request."""


def measure(
    server: Running, questions: Sequence[Question], stage: Stage, load: Load, *, exact: bool
) -> Cell:
    """Ask again and again; each answer must be as long as the first one, or at least no error."""
    order = {
        "url": server.url,
        "token": stage.token,
        "bodies": [question.body.decode() for question in questions],
        "exact": exact,
        "connections": load.connections,
        "warmup": load.warmup_s,
        "seconds": load.seconds,
    }
    with subprocess.Popen(  # noqa: S603 - our own
        [NODE, PEERS / "load.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as generator:
        assert generator.stdin  # noqa: S101 - it is a pipe
        assert generator.stdout  # noqa: S101 - it is a pipe
        generator.stdin.write(orjson.dumps(order))
        generator.stdin.close()
        generator.stdout.readline()
        before = server.cpu_s(), cpu_s(stage.postmaster)
        line = generator.stdout.readline()
        after = server.cpu_s(), cpu_s(stage.postmaster)
    if not line:
        raise SystemExit(f"{server.server.title} failed under load: see above.")
    told = orjson.loads(line)
    per_request = 1000 / told["requests"]
    return Cell(
        requests_per_s=told["requests"] / told["seconds"],
        p50_ms=told["p50_ms"],
        p99_ms=told["p99_ms"],
        server_cpu_ms=(after[0] - before[0]) * per_request,
        postgres_cpu_ms=(after[1] - before[1]) * per_request,
        memory_mib=server.memory_mib(),
        generator_cpu_ms=told["generator_cpu_s"] * per_request,
    )
