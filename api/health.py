"""/healthz: this process answers. /readyz: it can do its work, and if not, what it lacks."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from api.answers import Json
from api.context import Ready

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


async def readiness(parts: Mapping[str, Ready]) -> Readiness:
    """Asks all parts at the same time."""
    lacks = await asyncio.gather(*(_lack(ready) for ready in parts.values()))
    missing = {part: lack for part, lack in zip(parts, lacks, strict=True) if lack is not None}
    return Readiness(not missing, missing)


Handler = Callable[[Request], Awaitable[Response]]


def handlers(parts: Mapping[str, Ready]) -> dict[str, Handler]:
    """Path → what answers there, in every service that has an API or nothing else to serve."""

    async def healthz(_: Request) -> Response:
        return Json(Alive())

    async def readyz(_: Request) -> Response:
        found = await readiness(parts)
        return Json(found, 200 if found.ready else 503, {} if found.ready else {"Retry-After": "1"})

    return {"/healthz": healthz, "/readyz": readyz}
