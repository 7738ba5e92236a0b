"""Write scheduled exports: one process at a time, among all that serve the API, holds a lease in Redis.

A period is written once it is over and all its scans are known to be stored, so that no scan can come late. Its run is
recorded when its file is there. A worker that is killed before leaves the period to the next one, which makes the same
file under the same name.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from analytics import scan_rows
from analytics.query import code_names
from analytics.query.grammar import parse
from analytics.query.refusal import Refused
from analytics.scan_rows import Contents, Selection, contents
from analytics.types import Unavailable as WarehouseAway
from api import questions
from api.context import ApiContext
from api.query_files import file_of
from codes import reports, scheduled_exports, workspaces
from codes.code_table import TooManyCodes
from codes.csv_safety import escape_formulas_sql
from codes.errors import Unavailable
from codes.export_targets import ExportTarget, draft_in, sweep_drafts
from codes.leases import lease
from codes.scheduled_exports import ExportRun, ScheduledExport, ms
from infra import fair_queue
from infra.fair_queue import Owner, TooMany
from infra.raw_output import FORMATS, OutputFailed
from infra.schedule import Period, bounds, due, following, period_of
from schemas import keys

_log = logging.getLogger("waymark.api")

POLL_S = 5.0
# How soon to look again whether everything is stored.
_WAIT_MS = 30_000
# A failed run is tried again after a minute, two, four, …, six hours.
_RETRY_MS = 60_000
_LONGEST_MS = 6 * 3600 * 1000

# What passes: the warehouse, Redis or the target is away, or too much is asked of them.
_PASSING = (WarehouseAway, OutputFailed, TooMany, Unavailable, OSError)


class _Impossible(Exception):
    """It cannot be written as it is."""


async def run(context: ApiContext, stop: asyncio.Event, *, poll_s: float = POLL_S) -> None:
    """Write what is due until `stop`, whenever this process has the lease."""
    target = context.export_target
    if target is None:
        return
    while not stop.is_set():
        try:
            async with lease(context.codes.redis, keys.EXPORTS_LEASE) as lost:
                if lost is not None:
                    await asyncio.to_thread(sweep_drafts, target)
                    while not (stop.is_set() or lost.is_set()):
                        if not await write_due(context, target):
                            await _pause(stop, poll_s)
        except Unavailable:
            # Nothing is lost: what is due stays so.
            pass
        await _pause(stop, poll_s)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def write_due(context: ApiContext, target: ExportTarget) -> bool:
    """Look at one export that is due; return whether there was one. Raises Unavailable."""
    redis = context.codes.redis
    found = await scheduled_exports.due_now(redis, context.now_ms(), 1)
    if not found:
        return False
    one = found[0]
    export = await scheduled_exports.get(redis, one.workspace, one.id)
    if export is None:
        await scheduled_exports.forget(redis, one)
    else:
        await scheduled_exports.look_again(redis, one, await _work(context, target, export))
    return True


async def _work(context: ApiContext, target: ExportTarget, export: ScheduledExport) -> int:
    """Write one period, and return when to look again."""
    fair_queue.owner.set(Owner(export.workspace))
    redis, now = context.codes.redis, context.now()
    known = {run.period: run for run in await scheduled_exports.runs(redis, export.workspace, export.id)}
    upcoming = await scheduled_exports.next_period(redis, export)
    if upcoming is None:
        return ms(now)
    asked = next((run for run in known.values() if run.state == "queued"), None)
    period = upcoming if asked is None else period_of(export.schedule.every, asked.first)
    if asked is None and (at := due(export.schedule, upcoming)) > now:
        return ms(at)
    before = known.get(period.name)
    run = ExportRun(period.name, period.first, "waiting", ms(now), before.attempts if before else 0)
    complete = context.complete_until()
    if complete is None or complete < bounds(period, export.schedule.timezone)[1]:
        until = "is not known now" if complete is None else f"is {complete:%Y-%m-%dT%H:%M:%SZ}"
        run = msgspec.structs.replace(run, state="queued" if asked else "waiting", error=f"complete_until {until}")
        await scheduled_exports.record(redis, export, run)
        return ms(now) + _WAIT_MS
    run = await _written(context, target, export, period, run)
    context.exports.count_run(run.state)
    over = period == upcoming and run.state in ("done", "failed")
    await scheduled_exports.record(redis, export, run, following(period) if over else None)
    if run.state != "retrying":
        return ms(now)
    wait_ms: int = _RETRY_MS * 2 ** min(run.attempts - 1, 10)
    return ms(now) + min(wait_ms, _LONGEST_MS)


async def _written(
    context: ApiContext, target: ExportTarget, export: ScheduledExport, period: Period, run: ExportRun
) -> ExportRun:
    try:
        key, rows, size = await _write(context, target, export, period)
    except (*_PASSING, Refused, _Impossible) as error:
        passing = isinstance(error, _PASSING)
        _log.warning("export %s of %s %s: %s", export.id, period.name, "is tried again" if passing else "fails", error)
        state: Any = "retrying" if passing else "failed"
        told = msgspec.structs.replace(run, state=state, attempts=run.attempts + 1, error=str(error)[:300])
    else:
        told = msgspec.structs.replace(run, state="done", attempts=0, rows=rows, bytes=size, file=key)
    return msgspec.structs.replace(told, at_ms=context.now_ms())


async def _write(
    context: ApiContext, target: ExportTarget, export: ScheduledExport, period: Period
) -> tuple[str, int, int]:
    found = await _contents(context, export, period)
    format = FORMATS[export.format]
    with draft_in(target) as draft:
        await _draft(context, export, found, draft)
        size = draft.stat().st_size
        workspace = await workspaces.get(context.codes.redis, export.workspace)
        if workspace is None:
            raise _Impossible("the workspace is gone")
        what = "answer" if export.report_id else "scans"
        key = f"{workspace.id}/{export.id}/{what}-{period.name}.{format.suffix}"
        await asyncio.to_thread(target.put, key, draft, format.media)
    return key, found.rows, size


async def _draft(context: ApiContext, export: ScheduledExport, found: Contents, draft: Path) -> None:
    parts = context.exports.parts(found, FORMATS[export.format])
    try:
        with draft.open("xb") as file:
            async for part in parts:
                await asyncio.to_thread(file.write, part)
    finally:
        await parts.aclose()


async def _contents(context: ApiContext, export: ScheduledExport, period: Period) -> Contents:
    """Raises Refused, _Impossible and what is passing."""
    dates = {
        "date_range": [period.first.isoformat(), (period.end - timedelta(days=1)).isoformat()],
        "timezone": export.schedule.timezone,
    }
    escape = escape_formulas_sql if export.format == "csv" else scan_rows.as_it_is
    if export.report_id is not None:
        report = await reports.get(context.codes.redis, export.workspace, export.report_id)
        if report is None:
            raise _Impossible("the saved question is gone")
        asked = await questions.ask(context, export.workspace, {**report.query, **dates}, whole=True)
        return file_of(asked.answer, escape)
    query = parse({"metrics": ["scans"], **export.scans, **dates})
    try:
        codes = await context.codes.attributes(export.workspace)
    except TooManyCodes as error:
        raise _Impossible(str(error)) from None
    plan = await context.codes.plan(export.workspace)
    end = datetime.max.replace(tzinfo=UTC)
    selection = Selection(code_names.named(query, codes), export.workspace, context.now(), end, codes)
    return await context.questions.ask(contents, selection, most=plan.export_rows, escape=escape)
