"""What a redirector answers besides scans: health, metrics, robots.txt, the page of paused codes, uploaded files.

`status_app` is for operators and has sockets of its own; `public_app` answers on the port of the codes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Lifespan

import pages
from redirect import file_server
from redirect.arrivals import Arrivals
from redirect.branded_pages import BrandedPages
from redirect.custom_domains import CustomDomains
from redirect.paths import TLS_ASK_PATH
from redirect.route_cache import Trust
from schemas.short_links import PAUSED_PATH

NOSNIFF = {"x-content-type-options": "nosniff"}


class Health:
    """Answers /healthz and /readyz. Once `stopping` is set, the redirector still serves and is not ready."""

    def __init__(
        self, trust: Trust, elapsed: Callable[[], float], *, stale_max_s: float, stopping: asyncio.Event | None
    ) -> None:
        self._trust = trust
        self._elapsed = elapsed
        self._stale_max_s = stale_max_s
        self._stopping = stopping
        self.routes = (Route("/healthz", self._alive), Route("/readyz", self._ready))

    async def _alive(self, _: Request) -> Response:
        return Response(b"ok\n", media_type="text/plain")

    async def _ready(self, _: Request) -> Response:
        """Ready once Redis has answered: from then on cached codes are served without it."""
        now = self._elapsed()
        lacks = [] if now < self._trust.until else ["redis"]
        ready = now - self._trust.heard_at <= self._stale_max_s
        if self._stopping is not None and self._stopping.is_set():
            # Load balancers should send the next scans elsewhere.
            lacks, ready = ["stopping"], False
        body = msgspec.json.encode({"ready": ready, "lacks": lacks})
        return Response(body, 200 if ready else 503, media_type="application/json", headers=NOSNIFF)


def status_app(health: Health, metrics: Callable[[], bytes], arrivals: Arrivals, hosts: CustomDomains) -> Starlette:
    async def shown(_: Request) -> Response:
        return Response(metrics(), media_type="text/plain; version=0.0.4")

    async def arrived(_: Request) -> Response:
        return Response(msgspec.json.encode(arrivals.told()), media_type="application/json")

    async def tls_ask(request: Request) -> Response:
        """Caddy asks this before it makes a certificate on demand: 200 for a verified domain, else 404."""
        known = hosts.is_verified(request.query_params.get("domain", ""))
        return Response(b"yes\n" if known else b"no\n", 200 if known else 404, media_type="text/plain")

    return Starlette(
        routes=[*health.routes, Route("/metrics", shown), Route("/arrivals", arrived), Route(TLS_ASK_PATH, tls_ask)]
    )


def public_app(
    health: Health,
    notices: BrandedPages,
    serve_file: Callable[[Request], Awaitable[Response]],
    lifespan: Lifespan[Starlette],
) -> Starlette:
    """`lifespan` is that of the whole redirector."""

    async def paused(request: Request) -> Response:
        return _page(200, notices.paused(request.scope, request.path_params.get("token", "")))

    async def wrong(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind: pages.Kind = "not_allowed" if error.status_code == 405 else "not_found"
        return _page(error.status_code, notices.page(kind, request.scope), error.headers or {})

    app = Starlette(
        routes=[
            *health.routes,
            Route("/robots.txt", _robots),
            Route("/favicon.ico", _favicon),
            Route(PAUSED_PATH, paused),
            Route(f"{PAUSED_PATH}/{{token}}", paused),
            Route(f"{file_server.PREFIX}{{path:path}}", serve_file),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: wrong},
    )
    app.router.redirect_slashes = False
    return app


async def _robots(_: Request) -> Response:
    return Response(b"User-agent: *\nDisallow:\n", media_type="text/plain")


async def _favicon(_: Request) -> Response:
    return Response(status_code=204, headers={"cache-control": "public, max-age=86400"})


def _page(status: int, page: pages.Page, more: Mapping[str, str] | None = None) -> Response:
    response = Response(page.body, status)
    response.raw_headers = [*page.headers]
    response.headers.update(more or {})
    return response
