"""Scheduled exports of a workspace: what is written each day, week or month, and what became of each period.

A period has one file. Its run is recorded after the file is there, and the next period begins after that; so a worker
that was killed makes the same file again, under the same name.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis

from codes.errors import NotInPlan, Refused
from codes.plans import Plans, plan_of
from codes.redis_client import Script, command, raises_unavailable
from codes.validation import single_line
from infra import clock
from infra.schedule import Period, Schedule, due, following, last_due, period_of
from schemas import keys

MAX_NAME = 100
MAX_QUERY_BYTES = 16 * 1024
# Of each export.
KEPT_RUNS = 400

State = Literal["queued", "waiting", "retrying", "failed", "done"]


class ScheduledExport(msgspec.Struct, frozen=True, omit_defaults=True):
    """`report_id` is that of a saved question, whose answer is written; without it raw scans are, those that `scans`
    (filters and kinds) names."""

    id: str
    workspace: int
    name: str
    format: str
    schedule: Schedule
    created_at_ms: int
    report_id: str | None = None
    scans: dict[str, Any] = {}


class ExportRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a period. `queued`: it was asked for; `waiting`: not all its scans are stored yet; `retrying`: it
    failed, and is tried again; `failed`: it is not, unless it is asked for."""

    period: str
    first: date
    state: State
    at_ms: int
    attempts: int = 0
    rows: int = 0
    bytes: int = 0
    file: str = ""
    error: str = ""


class DueExport(msgspec.Struct, frozen=True):
    workspace: int
    id: str

    @property
    def name(self) -> str:
        return f"{self.workspace}/{self.id}"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ScheduledExport)
_run_decoder = msgspec.json.Decoder(ExportRun)

# ARGV: id, export, the most there may be, the first day. 0: too many; 1: made, or there already.
_CREATE = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 1 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
""")
# ARGV: id, period, run, and the day from which it goes on ("" to stay). Nothing for an export that was deleted.
_RECORD = Script("""
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], ARGV[1], ARGV[4]) end
return 1
""")


def _keys(workspace: int, id: str) -> list[str]:
    return [keys.workspace_exports(workspace), keys.export_progress(workspace), keys.export_runs(workspace, id)]


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@raises_unavailable
async def create(
    redis: Redis,
    workspace: int,
    name: str,
    format: str,
    schedule: Schedule,
    *,
    plans: Plans,
    report_id: str | None = None,
    scans: dict[str, Any] | None = None,
    id: str | None = None,
    now_ms: Callable[[], int] = clock.now_ms,
) -> ScheduledExport:
    """The first file is that of the period that ends next. Raises Refused and NotInPlan. With an `id` of the caller's
    it is created once."""
    single_line("name", name, MAX_NAME)
    if not name.strip():
        raise Refused("name", "invalid_name", f"a name has 1 to {MAX_NAME} characters")
    if len(_encoder.encode(scans or {})) > MAX_QUERY_BYTES:
        raise Refused("scans", "too_long", f"filters have at most {MAX_QUERY_BYTES} bytes")
    at_ms = now_ms()
    made = ScheduledExport(id or str(uuid.uuid4()), workspace, name, format, schedule, at_ms, report_id, scans or {})
    first = following(last_due(schedule, datetime.fromtimestamp(at_ms / 1000, UTC)))
    plan = await plan_of(redis, plans, workspace)
    written = _encoder.encode(made), plan.scheduled_exports, first.first.isoformat()
    if not await _CREATE.run(redis, _keys(workspace, made.id)[:2], made.id, *written):
        limit = plan.scheduled_exports
        raise NotInPlan("limit", "scheduled_exports", plan.says("scheduled_exports", limit=limit))
    # After it: what is listed as due and not there is taken off; what is not listed would never be written.
    await look_again(redis, DueExport(workspace, made.id), ms(due(schedule, first)))
    return await get(redis, workspace, made.id) or made


@raises_unavailable
async def list_exports(redis: Redis, workspace: int) -> list[ScheduledExport]:
    """Oldest first."""
    raw = await command(redis, "HVALS", keys.workspace_exports(workspace))
    return sorted((_decoder.decode(one) for one in raw), key=lambda one: (one.created_at_ms, one.id))


@raises_unavailable
async def get(redis: Redis, workspace: int, id: str) -> ScheduledExport | None:
    raw = await command(redis, "HGET", keys.workspace_exports(workspace), id)
    return _decoder.decode(raw) if raw else None


@raises_unavailable
async def delete(redis: Redis, workspace: int, id: str) -> bool:
    """Return whether it existed. Its files stay."""
    existed = bool(await command(redis, "HDEL", keys.workspace_exports(workspace), id))
    await command(redis, "HDEL", keys.export_progress(workspace), id)
    await command(redis, "DEL", keys.export_runs(workspace, id))
    await command(redis, "ZREM", keys.EXPORTS_DUE, DueExport(workspace, id).name)
    return existed


@raises_unavailable
async def next_period(redis: Redis, export: ScheduledExport) -> Period | None:
    """The period whose file is next; None for an export that is being deleted."""
    raw = await command(redis, "HGET", keys.export_progress(export.workspace), export.id)
    return None if raw is None else period_of(export.schedule.every, date.fromisoformat(raw.decode()))


@raises_unavailable
async def runs(redis: Redis, workspace: int, id: str) -> list[ExportRun]:
    """Newest period first, at most KEPT_RUNS."""
    raw = await command(redis, "HVALS", keys.export_runs(workspace, id))
    found = sorted((_run_decoder.decode(one) for one in raw), key=lambda run: run.first, reverse=True)
    if len(found) > KEPT_RUNS:
        gone = [run.period for run in found[KEPT_RUNS:]]
        await command(redis, "HDEL", keys.export_runs(workspace, id), *gone)
    return found[:KEPT_RUNS]


@raises_unavailable
async def record(redis: Redis, export: ScheduledExport, run: ExportRun, go_on: Period | None = None) -> None:
    """Record what became of a period; `go_on` is the next one, when this one was it."""
    day = "" if go_on is None else go_on.first.isoformat()
    await _RECORD.run(redis, _keys(export.workspace, export.id), export.id, run.period, _encoder.encode(run), day)


@raises_unavailable
async def ask_again(redis: Redis, export: ScheduledExport, period: Period, now_ms: int) -> ExportRun:
    """Have a period that is over written, or written anew."""
    run = ExportRun(period.name, period.first, "queued", now_ms)
    await record(redis, export, run)
    await look_again(redis, DueExport(export.workspace, export.id), now_ms)
    return run


@raises_unavailable
async def look_again(redis: Redis, one: DueExport, at_ms: int) -> None:
    await command(redis, "ZADD", keys.EXPORTS_DUE, at_ms, one.name)


@raises_unavailable
async def forget(redis: Redis, one: DueExport) -> None:
    """For one that was deleted."""
    await command(redis, "ZREM", keys.EXPORTS_DUE, one.name)


@raises_unavailable
async def due_now(redis: Redis, now_ms: int, most: int = 100) -> list[DueExport]:
    raw = await command(redis, "ZRANGEBYSCORE", keys.EXPORTS_DUE, "-inf", now_ms, "LIMIT", 0, most)
    names = (one.decode().partition("/") for one in raw)
    return [DueExport(int(workspace), id) for workspace, _, id in names]


@raises_unavailable
async def import_export(redis: Redis, export: ScheduledExport, next: date) -> bool:
    """Import an export that goes on with the period of a day; return whether it was new."""
    at = keys.workspace_exports(export.workspace)
    if await command(redis, "HEXISTS", at, export.id):
        return False
    period = period_of(export.schedule.every, next)
    await command(redis, "HSETNX", keys.export_progress(export.workspace), export.id, period.first.isoformat())
    await look_again(redis, DueExport(export.workspace, export.id), ms(due(export.schedule, period)))
    return bool(await command(redis, "HSETNX", at, export.id, _encoder.encode(export)))
