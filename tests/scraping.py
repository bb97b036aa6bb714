"""What a process tells Prometheus, as it is scraped."""

import asyncio
from typing import Any

import httpx2
from processes import SECONDS, Process, http_client
from prometheus_client.parser import text_string_to_metric_families

TOKEN = "a token for metrics"  # noqa: S105 - it opens nothing


async def scraped(server: Process, given: str = TOKEN) -> httpx2.Response:
    """What `/metrics` answers to who has this token."""
    async with http_client() as client:
        headers = {"Authorization": f"Bearer {given}"}
        return await client.get(f"http://{server.address}/metrics", headers=headers)


async def metrics(server: Process) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """The value of each sample, by its name and labels."""
    answer = await scraped(server)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def series(series_name: str, /, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """The name of one series."""
    return f"callsheet_{series_name}", frozenset(labels.items())


async def grown(
    server: Process, before: dict[Any, float], series_name: str, /, **labels: str
) -> float:
    """How much a series has grown, as soon as it has."""
    key = series(series_name, **labels)
    async with asyncio.timeout(SECONDS):
        while (now := (await metrics(server)).get(key, 0)) == before.get(key, 0):
            pass
    return now - before.get(key, 0)
