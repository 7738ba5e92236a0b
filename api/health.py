"""/healthz: this process answers. /readyz: it can do its work, and if not, which part is missing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from starlette.requests import Request
from starlette.responses import Response

import analytics.types
import codes.errors
from analytics.query_pool import QueryPool
from api.context import Ready
from api.responses import Json
from codes.redis_check import Fsync, check_server
from codes.service import Codes

# A part that takes longer than this to answer counts as missing.
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
    """Ask all parts at the same time."""
    lacks = await asyncio.gather(*(_lack(ready) for ready in parts.values()))
    missing = {part: lack for part, lack in zip(parts, lacks, strict=True) if lack is not None}
    return Readiness(not missing, missing)


Handler = Callable[[Request], Awaitable[Response]]


def handlers(parts: Mapping[str, Ready]) -> dict[str, Handler]:
    """Path → handler, for the API and for the status port."""

    async def healthz(_: Request) -> Response:
        return Json(Alive())

    async def readyz(_: Request) -> Response:
        found = await readiness(parts)
        return Json(found, 200 if found.ready else 503, {} if found.ready else {"Retry-After": "1"})

    return {"/healthz": healthz, "/readyz": readyz}


def engine_checks(store: Codes, questions: QueryPool, fsync: Fsync = "always") -> Mapping[str, Ready]:
    """What the API needs: a Redis fit to keep codes, and a warehouse with its tables. Anyone may read the answers, so
    they hold no addresses."""

    async def redis() -> str | None:
        try:
            await check_server(store.redis, fsync)
        except codes.errors.Unavailable:
            return "Redis does not answer"
        except codes.errors.UnfitRedis as unfit:
            return str(unfit)
        return None

    async def warehouse() -> str | None:
        try:
            await questions.ask(_has_tables)
        except analytics.types.Unavailable:
            return "the warehouse does not answer, or has no tables yet"
        except ClickHouseError:
            return "the warehouse refuses to be read"
        return None

    return {"redis": redis, "warehouse": warehouse}


def _has_tables(client: Client) -> None:
    client.query("SELECT 1 FROM scans_by_value LIMIT 0")
