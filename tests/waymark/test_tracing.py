"""Requests and batches are traced when that is configured, and say nothing of who asked."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer, get_tracer_provider
from prometheus_client import CollectorRegistry

from aggregator.aggregator import Aggregator, uptime
from aggregator.journal_bus import JournalBus
from api.app import create_app
from infra.migrate import migrate
from infra.warehouse import Warehouse
from tests.aggregator.running import append, journal, running, until
from tests.api.service import Service
from waymark import tracing


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> Iterator[Tracer]:
    with tracing.sending("test", SimpleSpanProcessor(exporter)) as tracer:
        yield tracer


def said(spans: tuple[ReadableSpan, ...]) -> str:
    return "".join(span.to_json() for span in spans)


async def test_requests_are_spans_of_routes(
    tracer: Tracer, exporter: InMemorySpanExporter, redis_url: str, tmp_path: Path
) -> None:
    service = Service(redis_url, Warehouse(folder=tmp_path / "warehouse"))
    context = msgspec.structs.replace(service.context, tracer=tracer, registry=CollectorRegistry())
    transport = httpx.ASGITransport(create_app(context), client=("203.0.113.77", 4711))
    headers = {
        "User-Agent": "Agent-of-a-person/1.0",
        "Authorization": "Bearer a-secret-key",
        "traceparent": "00-1-2-01",
    }
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client:
        await client.get("/v1/dynamic/some-id?secret=query")
        await client.get("/made-up/path")
        assert (await client.get("/healthz")).status_code == 200
    spans = exporter.get_finished_spans()
    assert [(span.name, (span.attributes or {})["http.response.status_code"]) for span in spans] == [
        ("GET /v1/dynamic/{id}", 401),
        ("other other", 404),
        ("other other", 200),
    ]
    text = said(spans)
    for private in ("203.0.113.77", "4711", "Agent-of", "secret", "some-id", "made-up", "00-1-2"):
        assert private not in text
    await service.close()


async def test_batches_are_spans(tracer: Tracer, exporter: InMemorySpanExporter, tmp_path: Path) -> None:
    warehouse = Warehouse(folder=tmp_path / "warehouse")
    client = warehouse.connect()
    migrate(client)
    bus = JournalBus(tmp_path / "journal", tmp_path / "intents", uptime)
    loop = Aggregator(bus, warehouse.connect, tracer=tracer)
    one = journal(tmp_path, 7)
    async with running(loop):
        append(one, 25)
        await until(lambda: loop.status()["inserted"] == 25)
        one.close()
        await until(lambda: not list((tmp_path / "journal").glob("[0-9]*")))
    client.close()
    spans = exporter.get_finished_spans()
    assert {span.name for span in spans} == {"batch"}
    assert sum((span.attributes or {})["waymark.events"] for span in spans) == 25  # type: ignore[misc]
    resource = json.loads(spans[0].to_json())["resource"]["attributes"]
    assert resource == {"service.name": "waymark-test"}


def test_without_an_endpoint_there_is_none_and_nothing_is_made_global(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracing.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    with tracing.tracer("api") as tracer:
        assert tracer is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with tracing.tracer("api") as tracer:
        assert tracer is not None
    assert "Proxy" in type(get_tracer_provider()).__name__
