"""What the API counts about itself: requests and their time, by route, never by address or id."""

import time
from collections import Counter
from collections.abc import Mapping

from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.exposition import Histogram, MetricsCollector, Reading


class Metered:
    """Pure ASGI. A path that is no route's counts under `other`, so that nobody can make up labels."""

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
            method, route = named(scope)
            self._requests[method, route, str(status)] += 1
            if (method, route) not in self._seconds:
                self._seconds[method, route] = Histogram("waymark_api_request_seconds")
            self._seconds[method, route].add(time.perf_counter() - began)


def named(scope: Scope) -> tuple[str, str]:
    """Method and route of an answered request, both `other` where it was no route's."""
    found = scope.get("route")
    return ("other", "other") if found is None else (scope["method"], getattr(found, "path", "other"))
