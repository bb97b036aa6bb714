"""Traces, as OpenTelemetry's own exporter for tests gets them."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from factories import Agency
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, format_trace_id
from processes import SECONDS, SECRET, environment, token

from core.database import Database
from server import app as application
from server.embedded import Postgres, Valkey
from server.local import Servers
from server.settings import Settings
from server.telemetry.tracing import Tracing

QUERY = "query Board { orders(first: 3) { edges { node { name progress { done } } } } }"
PLANTED = "planted-5e0a"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@dataclass
class Traced:
    """An application, and the spans that it made."""

    client: httpx2.AsyncClient
    exporter: InMemorySpanExporter

    async def ask(self, agency: Agency, query: str, **headers: str) -> httpx2.Response:
        """The answer to staff."""
        headers |= {"Authorization": f"Bearer {token(agency.staff)}"}
        answer = await self.client.post("/graphql", json={"query": query}, headers=headers)
        await asyncio.sleep(0)  # an operation is told of in the next turn of the loop
        return answer

    def spans(self, name: str) -> list[ReadableSpan]:
        """The spans with a name."""
        return [each for each in self.all if each.name == name]

    @property
    def all(self) -> tuple[ReadableSpan, ...]:
        """All spans so far."""
        return self.exporter.get_finished_spans()


@asynccontextmanager
async def traced(postgres: Postgres, valkey: Valkey) -> AsyncIterator[Traced]:
    """Such an application, in this process."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    found = Servers(postgres.url, postgres.owner_url, valkey.url, SECRET)
    app = application.create(found, Settings(), Tracing(provider))
    transport: Any = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://callsheet") as client,
    ):
        yield Traced(client, exporter)


@pytest.fixture
async def app(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Traced]:
    """Such an application."""
    del database  # migrated is all it has to be
    async with traced(postgres, valkey) as app:
        yield app


async def test_a_request_its_operation_and_its_statements_are_one_trace(
    agency: Agency, app: Traced
) -> None:
    await agency.book()
    await app.ask(agency, QUERY, traceparent=f"00-{TRACE}-{PARENT}-01")
    (operation,) = app.spans("query orders")
    (request,) = app.spans("POST /graphql")
    statements = app.spans("SELECT")
    assert {format_trace_id(each.context.trace_id) for each in app.all if each.context} == {TRACE}
    assert request.parent
    assert f"{request.parent.span_id:016x}" == PARENT
    assert operation.parent == request.context
    assert [each.parent for each in statements] == [operation.context] * len(statements)
    assert request.attributes
    assert request.attributes["http.response.status_code"] == 200
    assert operation.attributes
    assert operation.attributes["graphql.operation.name"] == "Board"
    # Who it is, the orders, their progress.
    texts = [str((each.attributes or {})["db.query.text"]) for each in statements]
    assert len(texts) == 3
    assert any("FROM orders WHERE orders.organization_id = $1" in text for text in texts)
    for each in (operation, *statements):
        assert each.start_time
        assert each.end_time
        assert request.start_time
        assert each.start_time <= each.end_time


async def test_a_failure_is_marked_and_values_are_left_out(agency: Agency, app: Traced) -> None:
    query = f'query {{ node(id: "{PLANTED}") {{ id }} }}'
    assert (await app.ask(agency, query)).json()["errors"]
    (operation,) = app.spans("query node")
    assert operation.status.status_code is StatusCode.ERROR
    assert operation.attributes
    assert operation.attributes["callsheet.code"] == "BAD_USER_INPUT"
    await app.client.get("/graphql", params={"query": query})
    assert PLANTED not in "".join(each.to_json() for each in app.all)
    assert token(agency.staff) not in "".join(each.to_json() for each in app.all)


async def test_other_requests_make_no_spans(app: Traced) -> None:
    for path in ("/health", "/ready", "/metrics", "/console/", "/nothing"):
        await app.client.get(path)
    assert app.all == ()


HIDDEN = """
import sys
class Missing:
    def find_spec(self, name, *_):
        if name.startswith("opentelemetry"):
            raise ImportError(name)
sys.meta_path.insert(0, Missing())
from server.commands import cli
print(not any(name.startswith("opentelemetry") for name in sys.modules), flush=True)
cli()
"""


async def test_without_its_packages_a_collector_is_refused(
    postgres: Postgres, database: Database, valkey: Valkey
) -> None:
    del database  # migrated is all it has to be
    collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", HIDDEN, "serve", "--port", "0"),
        env=environment(postgres.url, valkey.url) | collector,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        told, why = await process.communicate()
    assert told == b"True\n"
    assert process.returncode == 1
    assert b"OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed" in why
