"""The status port: /healthz, /readyz, /metrics and, beside redirectors, /-/tls-ask. It is never a public port."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.context import Ready
from api.health import handlers
from infra.exposition import exposition, merged
from redirect.slug import TLS_ASK_PATH
from waymark.core_client import CoreUnavailable, fetch

# A redirector answers from memory; one that stands still must not keep the others' figures from being read.
PATIENCE_S = 1.0


def status_app(
    registry: CollectorRegistry, readiness: Mapping[str, Ready], redirectors: Sequence[Path] = ()
) -> Starlette:
    """`redirectors`: the sockets at which those of this machine answer the same; their metrics are shown with ours."""

    async def metrics(_: Request) -> Response:
        asked = [_asked(path, "/metrics") for path in redirectors]
        answers = [answer for answer in await asyncio.gather(*asked) if answer is not None]
        bodies = [body for status, body in answers if status == 200]
        return Response(merged([exposition(registry), *bodies]), media_type=CONTENT_TYPE_LATEST)

    async def tls_ask(request: Request) -> Response:
        """Whether a certificate may be had for a name. The first redirector that answers knows."""
        for path in redirectors:
            answer = await _asked(path, f"{TLS_ASK_PATH}?{request.url.query}")
            if answer is not None:
                return Response(answer[1], answer[0], media_type="text/plain")
        return Response(b"no redirector answers\n", 503, media_type="text/plain")

    routes = [Route(path, handler) for path, handler in handlers(readiness).items()]
    routes.append(Route("/metrics", metrics))
    if redirectors:
        routes.append(Route(TLS_ASK_PATH, tls_ask))
    return Starlette(routes=routes)


async def _asked(path: Path, target: str) -> tuple[int, bytes] | None:
    try:
        return await asyncio.to_thread(fetch, path, target, PATIENCE_S)
    except CoreUnavailable:
        return None
