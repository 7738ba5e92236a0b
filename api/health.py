"""/healthz: this process answers. /readyz: it can do its work, and if not, what it lacks. /metrics."""

import asyncio

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from api.answers import Json
from api.context import ApiContext, Ready

# A part that takes longer than this to say that it is there is not there.
PATIENCE_S = 2.0


class Alive(msgspec.Struct, frozen=True):
    status: str = "alive"


class Readiness(msgspec.Struct, frozen=True):
    ready: bool
    # Part → what is wrong with it. Empty when ready.
    missing: dict[str, str]


async def _lack(ready: Ready) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await ready()
    except TimeoutError:
        return f"no answer within {PATIENCE_S:g} seconds"


async def readiness(context: ApiContext) -> Readiness:
    """Asks all parts at the same time."""
    lacks = await asyncio.gather(*(_lack(ready) for ready in context.readiness.values()))
    missing = {part: lack for part, lack in zip(context.readiness, lacks, strict=True) if lack is not None}
    return Readiness(not missing, missing)


async def healthz(request: Request) -> Response:
    return Json(Alive())


async def readyz(request: Request) -> Response:
    found = await readiness(request.app.state.context)
    return Json(found, 200 if found.ready else 503, {} if found.ready else {"Retry-After": "1"})


async def metrics(request: Request) -> Response:
    context: ApiContext = request.app.state.context
    return Response(generate_latest(context.registry), media_type=CONTENT_TYPE_LATEST)
