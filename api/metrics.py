"""What the API counts about itself: requests and their time, by route, never by address or id."""

import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Metered:
    """Pure ASGI. A path that is no route's counts under `other`, so that nobody can make up labels."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self.app = app
        self.requests = Counter(
            "waymark_api_requests_total", "API requests answered.", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "waymark_api_request_seconds",
            "Time from an API request's headers to the end of its answer.",
            ["method", "route"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        # A client that hung up before an answer began.
        status = 499

        async def sender(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sender)
        except Exception:
            status = 500
            raise
        finally:
            found = scope.get("route")
            route = getattr(found, "path", "other")
            method = scope["method"] if found is not None else "other"
            self.requests.labels(method, route, str(status)).inc()
            self.seconds.labels(method, route).observe(time.perf_counter() - began)
