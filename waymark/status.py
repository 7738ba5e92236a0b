"""The status of a service: /healthz, /readyz, /metrics and, beside redirectors, /-/tls-ask, on a port that is never
public; and log lines when an engine goes away and comes back."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.context import Ready
from api.health import handlers, readiness
from infra.exposition import exposition, merged
from redirect.paths import TLS_ASK_PATH
from waymark.core_client import CoreUnavailable, fetch

log = logging.getLogger(__name__)

# A redirector answers from memory; a hanging one must not block the others' metrics.
PATIENCE_S = 1.0
# How often `keep_watched` checks readiness.
EVERY_S = 2.0


def status_app(
    registry: CollectorRegistry, readiness: Mapping[str, Ready], redirectors: Sequence[Path] = ()
) -> Starlette:
    """`redirectors`: the status sockets of this machine's redirectors, whose metrics are merged with ours."""

    async def metrics(_: Request) -> Response:
        asked = [_asked(path, "/metrics") for path in redirectors]
        answers = [answer for answer in await asyncio.gather(*asked) if answer is not None]
        bodies = [body for status, body in answers if status == 200]
        return Response(merged([exposition(registry), *bodies]), media_type=CONTENT_TYPE_LATEST)

    async def tls_ask(request: Request) -> Response:
        """Whether Caddy may get a certificate for a name, from the first redirector that answers."""
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


def _nobody(part: str, up: bool) -> None:
    pass


async def keep_watched(
    parts: Mapping[str, Ready],
    stop: asyncio.Event,
    every_s: float = EVERY_S,
    saw: Callable[[str, bool], None] = _nobody,
) -> None:
    """Log the start and the end of each outage, once, until `stop`. A part counts as away when it is missing twice in a
    row. `saw` is told of each part at each look whether it was there."""
    missing_before: set[str] = set()
    away_since: dict[str, float] = {}
    while not stop.is_set():
        missing = (await readiness(parts)).missing
        now = time.monotonic()
        for part in parts:
            saw(part, part not in missing)
        for part, why in missing.items():
            if part in missing_before and part not in away_since:
                away_since[part] = now
                log.warning("%s is away: %s", part, why)
        for part in [part for part in away_since if part not in missing]:
            log.info("%s is back, after %d s", part, now - away_since.pop(part))
        missing_before = set(missing)
        try:
            await asyncio.wait_for(stop.wait(), every_s)
        except TimeoutError:
            continue
