"""OpenTelemetry spans of API requests: method, route and status, and how long it took. Never an address, a key, an id,
a path or a query: a span's name is the route's pattern."""

from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import named


class Traced:
    """Pure ASGI. What happens inside belongs to the span; a trace that a client began is not taken up, since anybody
    could say that their requests be kept."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self.app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 499

        async def sender(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        # (An exception's text may hold what a client sent: it is logged, and not sent away.)
        with self._tracer.start_as_current_span(
            "request", kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                await self.app(scope, receive, sender)
            except Exception:
                status = 500
                raise
            finally:
                method, route = named(scope)
                span.update_name(f"{method} {route}")
                span.set_attribute("http.request.method", method)
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(Status(StatusCode.ERROR))
