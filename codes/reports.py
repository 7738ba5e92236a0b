"""Reports: the saved questions of a workspace.

The query is kept as it was sent, checked by the caller (`api`), and asked anew each time: its "last 28 days" are those
of that day.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from redis.asyncio import Redis

from codes.errors import Missing, NotInPlan, Refused
from codes.plans import Plans, plan_of
from codes.redis_client import Script, command, raises_unavailable
from codes.validation import single_line
from schemas import keys
from schemas.code import Report

MAX_NAME = 100
MAX_QUERY_BYTES = 16 * 1024

_decoder = msgspec.json.Decoder(Report)
_encoder = msgspec.json.Encoder()
# ARGV: id, report, the most there may be. 0: too many; 1: made, or there already.
_CREATE = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 1 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
""")
# ARGV: id, the report as it was read, and as it is to be.
_REPLACE = Script("""
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
""")


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


@raises_unavailable
async def create(
    redis: Redis,
    workspace: int,
    name: str,
    query: dict[str, Any],
    *,
    plans: Plans,
    id: str | None = None,
    now_ms: Callable[[], int] = _wall_ms,
) -> Report:
    """Raises Refused and NotInPlan. Names may repeat. With an `id` of the caller's it is created once."""
    made_ms = now_ms()
    report = Report(id or str(uuid.uuid4()), workspace, _name(name), _query(query), made_ms, made_ms)
    plan = await plan_of(redis, plans, workspace)
    at = keys.workspace_reports(workspace)
    if not await _CREATE.run(redis, [at], report.id, _encoder.encode(report), plan.reports):
        raise NotInPlan("limit", "reports", plan.says("reports", limit=plan.reports))
    return await get(redis, workspace, report.id) or report


@raises_unavailable
async def replace(
    redis: Redis,
    workspace: int,
    id: str,
    *,
    name: str | None = None,
    query: dict[str, Any] | None = None,
    now_ms: Callable[[], int] = _wall_ms,
) -> Report:
    """Change the name, the query or both; None leaves one as it is. Raises Refused and Missing."""
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = _name(name)
    if query is not None:
        changes["query"] = _query(query)
    at = keys.workspace_reports(workspace)
    while (raw := await command(redis, "HGET", at, id)) is not None:
        report = _decoder.decode(raw)
        changed = msgspec.structs.replace(report, **changes)
        if changed == report:
            return report
        changed = msgspec.structs.replace(changed, updated_at_ms=now_ms())
        if await _REPLACE.run(redis, [at], id, raw, _encoder.encode(changed)):
            return changed
    raise Missing(id)


@raises_unavailable
async def list_reports(redis: Redis, workspace: int) -> list[Report]:
    """Oldest first."""
    raw = await command(redis, "HVALS", keys.workspace_reports(workspace))
    return sorted((_decoder.decode(one) for one in raw), key=lambda report: (report.created_at_ms, report.id))


@raises_unavailable
async def get(redis: Redis, workspace: int, id: str) -> Report | None:
    raw = await command(redis, "HGET", keys.workspace_reports(workspace), id)
    return _decoder.decode(raw) if raw else None


@raises_unavailable
async def delete(redis: Redis, workspace: int, id: str) -> bool:
    """Delete a report; return whether it existed."""
    return bool(await command(redis, "HDEL", keys.workspace_reports(workspace), id))


async def import_report(redis: Redis, report: Report) -> bool:
    """Import a report; return whether it was new."""
    at = keys.workspace_reports(report.workspace)
    return bool(await command(redis, "HSETNX", at, report.id, _encoder.encode(report)))


def _name(name: str) -> str:
    single_line("name", name, MAX_NAME)
    if not name.strip() or name != name.strip():
        raise Refused("name", "invalid_name", f"a report's name has 1 to {MAX_NAME} characters, none of them outside")
    return name


def _query(query: dict[str, Any]) -> dict[str, Any]:
    if len(_encoder.encode(query)) > MAX_QUERY_BYTES:
        raise Refused("query", "too_long", f"the query of a report has at most {MAX_QUERY_BYTES} bytes")
    return query
