"""Metrics and OpenTelemetry spans of API requests: method, route, status and duration.

Both name a request by the pattern of its route, never by an address, a key, an id, a path or a query. A path that is
not a dialect's route counts as `other`, so that nobody can make up labels.
"""

import time
from collections import Counter
from collections.abc import Mapping

from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.pipeline import ApiRoute
from infra.exposition import Histogram, MetricsCollector, Reading


class StatusCapture:
    """Run one request and keep the status of its answer: 499 when the client hung up before one began, 500 after an
    exception."""

    def __init__(self, send: Send) -> None:
        self.status = 499
        self._send = send

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive) -> None:
        try:
            await app(scope, receive, self._capture)
        except Exception:
            self.status = 500
            raise

    async def _capture(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


class RequestMetrics:
    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        self._requests: Counter[tuple[str, ...]] = Counter()
        self._seconds: dict[tuple[str, ...], Histogram] = {}
        registry.register(MetricsCollector(self._read))

    def _read(self) -> Mapping[str, Reading]:
        return {"waymark_api_requests_total": self._requests, "waymark_api_request_seconds": self._seconds}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        capture = StatusCapture(send)
        try:
            await capture.run(self.app, scope, receive)
        finally:
            method, route = method_and_route(scope)
            self._requests[method, route, str(capture.status)] += 1
            if (method, route) not in self._seconds:
                self._seconds[method, route] = Histogram("waymark_api_request_seconds")
            self._seconds[method, route].add(time.perf_counter() - began)


class RequestTraces:
    """One span for each request. A trace that the client began is not continued: anybody could ask for their requests
    to be kept."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self.app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        capture = StatusCapture(send)
        # The text of an exception may hold what a client sent: it is logged, and not exported.
        with self._tracer.start_as_current_span(
            "request", kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                await capture.run(self.app, scope, receive)
            finally:
                method, route = method_and_route(scope)
                span.update_name(f"{method} {route}")
                span.set_attribute("http.request.method", method)
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", capture.status)
                if capture.status >= 500:
                    span.set_status(Status(StatusCode.ERROR))


def method_and_route(scope: Scope) -> tuple[str, str]:
    """Method and route pattern of an answered request; both `other` where it is no dialect's."""
    route = scope.get("route")
    return (scope["method"], route.path) if isinstance(route, ApiRoute) else ("other", "other")
