"""OpenTelemetry, when it is configured: `OTEL_EXPORTER_OTLP_ENDPOINT` says where to, and the extra `traces` is
installed. Otherwise nothing of it is loaded, and spans cost nothing."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.trace import Tracer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

log = logging.getLogger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


@contextmanager
def tracer(service: str) -> Iterator[Tracer | None]:
    """For as long as the process serves; what is still to be sent is sent at the end. None: not configured."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        yield None
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces are configured, and the extra `traces` is not installed (docs/packaging.md)")
        yield None
        return
    with sending(service, BatchSpanProcessor(OTLPSpanExporter())) as found:
        yield found


@contextmanager
def sending(service: str, processor: "SpanProcessor") -> Iterator[Tracer]:
    """A tracer of our own: no global is set, so no library that looks for one reports what it sees."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    # Without what the SDK would find out about the machine and the process.
    provider = TracerProvider(resource=Resource({"service.name": f"waymark-{service}"}), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    try:
        yield provider.get_tracer("waymark")
    finally:
        provider.shutdown()
