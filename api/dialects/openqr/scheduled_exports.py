"""`/v1/exports`: files that are written each day, week or month."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from analytics.query.grammar import parse
from analytics.query.refusal import Refused
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.query_schemas import Filter
from api.dialects.openqr.schemas import Deleted
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import Problem, invalid, not_found
from api.responses import Json
from api.timestamps import second, second_of
from codes import reports, scheduled_exports
from codes.scheduled_exports import ExportRun, ScheduledExport
from infra.raw_output import FORMATS
from infra.schedule import Period, Schedule, bounds, due, period_of

ID = Parameter("id", "path", "The export's id.", {"type": "string", "format": "uuid"})
READ_ONLY = frozenset({"id", "created_at", "next_period", "next_run_at", "last_run"})
_NAME = Meta(description="Need not be unique.", extra_json_schema={"maxLength": scheduled_exports.MAX_NAME})
_FORMAT = Meta(extra_json_schema={"enum": list(FORMATS)})
_UUID = {"format": "uuid"}
_TIME = {"format": "date-time"}


class ExportedScans(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which scans; left out, those of people."""

    filters: Annotated[list[Filter], Meta(description="As in `POST /v1/query`.")] | UnsetType = UNSET
    kinds: Annotated[list[str], Meta(description="`human`, `bot`, `preview`, `prefetch`.")] | UnsetType = UNSET

    def question(self) -> dict[str, Any]:
        """As a question has them."""
        filters = [] if isinstance(self.filters, UnsetType) else self.filters
        return {"filters": filters, "kinds": ["human"] if isinstance(self.kinds, UnsetType) else self.kinds}


class ShownScans(msgspec.Struct, frozen=True):
    filters: list[Filter]
    kinds: list[str]


class NewExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Raw scans are written, or with `report_id` the answer to a saved question."""

    name: Annotated[str, _NAME]
    schedule: Schedule
    format: Annotated[str, _FORMAT] = "parquet"
    scans: ExportedScans | UnsetType = UNSET
    report_id: Annotated[str, Meta(extra_json_schema=_UUID)] | UnsetType = UNSET


class ExportRunShown(msgspec.Struct, frozen=True):
    period: Annotated[str, Meta(description="`2026-05-21`, `2026-W21` or `2026-05`.")]
    state: Annotated[
        Literal["queued", "waiting", "retrying", "failed", "done"],
        Meta(
            description="`waiting`: not all scans of the period are stored yet. `retrying`: it failed and is tried "
            "again. `failed`: it is not, unless it is asked for."
        ),
    ]
    rows: int
    bytes: int
    file: Annotated[str, Meta(description="Below the folder or bucket of this deployment; empty before it is there.")]
    error: str
    at: Annotated[str, Meta(extra_json_schema=_TIME)]


class SavedExport(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(extra_json_schema=_UUID)]
    name: Annotated[str, _NAME]
    format: Annotated[str, _FORMAT]
    schedule: Schedule
    scans: ShownScans | None
    report_id: str | None
    created_at: Annotated[str, Meta(extra_json_schema=_TIME)]
    next_period: str
    next_run_at: Annotated[str, Meta(extra_json_schema=_TIME)]
    last_run: ExportRunShown | None


class SavedExports(msgspec.Struct, frozen=True):
    exports: Annotated[list[SavedExport], Meta(description="Oldest first.")]


class ExportRuns(msgspec.Struct, frozen=True):
    runs: Annotated[list[ExportRunShown], Meta(description="The latest period first, at most 400.")]


class WantedRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    day: Annotated[str, Meta(description="A day of the period.", extra_json_schema={"format": "date"})]


async def create_export(call: Call) -> Response:
    if call.context.export_target is None:
        raise Problem(409, "no_exports", "this deployment has no folder for scheduled exports (WAYMARK_EXPORTS)")
    sent = convert(await read_object(call.request), NewExport, READ_ONLY)
    scans = None if isinstance(sent.scans, UnsetType) else sent.scans
    report_id = None if isinstance(sent.report_id, UnsetType) else sent.report_id.lower()
    if scans is not None and report_id is not None:
        raise invalid("report_id", "report_id and scans are two kinds of exports: leave one out")
    if sent.format not in FORMATS:
        raise invalid("format", f"format must be one of: {', '.join(FORMATS)}")
    _check(sent.schedule, scans)
    redis, workspace = call.context.codes.redis, call.key.workspace
    if report_id is not None and await reports.get(redis, workspace, report_id) is None:
        raise invalid("report_id", "report_id is of no saved question of this workspace")
    made = await scheduled_exports.create(
        redis,
        workspace,
        sent.name,
        sent.format,
        sent.schedule,
        plans=call.context.codes.plans,
        report_id=report_id,
        scans=None if report_id is not None else (scans or ExportedScans()).question(),
        id=call.id(),
        now_ms=call.context.now_ms,
    )
    return Json(await _shown(call, made), 201)


def _check(schedule: Schedule, scans: ExportedScans | None) -> None:
    """Raises Problem: for a zone, filters or kinds that a question would not take."""
    given = (scans or ExportedScans()).question()
    try:
        parse({"metrics": ["scans"], "date_range": "all", "timezone": schedule.timezone, **given})
    except Refused as refused:
        inside = "schedule" if refused.field == "timezone" else "scans"
        raise invalid(f"{inside}.{refused.field}", f"{inside}.{refused}") from None


async def list_exports(call: Call) -> Response:
    found = await scheduled_exports.list_exports(call.context.codes.redis, call.key.workspace)
    return Json(SavedExports([await _shown(call, export) for export in found]))


async def _export(call: Call) -> ScheduledExport:
    id = call.request.path_params["id"]
    found = await scheduled_exports.get(call.context.codes.redis, call.key.workspace, id)
    if found is None:
        raise _no_such_export()
    return found


def _no_such_export() -> Problem:
    return not_found("there is no scheduled export with this id")


async def read_export(call: Call) -> Response:
    return Json(await _shown(call, await _export(call)))


async def delete_export(call: Call) -> Response:
    id = call.request.path_params["id"]
    if not await scheduled_exports.delete(call.context.codes.redis, call.key.workspace, id):
        raise _no_such_export()
    return Json(Deleted())


async def list_export_runs(call: Call) -> Response:
    export = await _export(call)
    found = await scheduled_exports.runs(call.context.codes.redis, export.workspace, export.id)
    return Json(ExportRuns([_run(run) for run in found]))


async def repeat_export_run(call: Call) -> Response:
    export = await _export(call)
    period = _period(export, convert(await read_object(call.request), WantedRun).day)
    if bounds(period, export.schedule.timezone)[1] > call.context.now():
        raise invalid("day", f"day must be of a {export.schedule.every} that is over")
    redis, now_ms = call.context.codes.redis, call.context.now_ms()
    return Json(_run(await scheduled_exports.ask_again(redis, export, period, now_ms)), 202)


def _period(export: ScheduledExport, text: str) -> Period:
    try:
        day = date.fromisoformat(text)
        if len(text) != 10 or not date(1970, 1, 1) <= day <= date(2105, 1, 1):
            raise ValueError(text)
    except ValueError:
        raise invalid("day", "day must be a date like 2026-05-21") from None
    return period_of(export.schedule.every, day)


async def _shown(call: Call, export: ScheduledExport) -> SavedExport:
    redis = call.context.codes.redis
    period = await scheduled_exports.next_period(redis, export)
    if period is None:
        # It was deleted a moment ago.
        period = period_of(export.schedule.every, call.context.now().date() + timedelta(days=1))
    latest = await scheduled_exports.runs(redis, export.workspace, export.id)
    return SavedExport(
        id=export.id,
        name=export.name,
        format=export.format,
        schedule=export.schedule,
        scans=None if export.report_id else msgspec.convert(export.scans, ShownScans),
        report_id=export.report_id,
        created_at=second(export.created_at_ms),
        next_period=period.name,
        next_run_at=second_of(due(export.schedule, period)),
        last_run=_run(latest[0]) if latest else None,
    )


def _run(run: ExportRun) -> ExportRunShown:
    return ExportRunShown(run.period, run.state, run.rows, run.bytes, run.file, run.error, second(run.at_ms))


ROUTES = (
    Route(
        method="GET",
        path="/v1/exports",
        scope="read",
        summary="List scheduled exports",
        description="With the period that is written next, and what became of the latest one.",
        handler=list_exports,
        status=200,
        answer=SavedExports,
        example=examples.EXPORTS,
    ),
    Route(
        method="POST",
        path="/v1/exports",
        scope="write",
        summary="Schedule an export",
        description="Each day, week or month of the schedule's time zone becomes one file, once it is over and all its "
        "scans are stored. The first is the one that ends next.",
        handler=create_export,
        status=201,
        answer=SavedExport,
        body=NewExport,
        sent=examples.NEW_EXPORT,
        ignored=READ_ONLY,
        problems=(400, 409),
        example=examples.EXPORT,
        creates=True,
    ),
    Route(
        method="GET",
        path="/v1/exports/{id}",
        scope="read",
        summary="Read a scheduled export",
        description="With the period that is written next, and what became of the latest one.",
        handler=read_export,
        status=200,
        answer=SavedExport,
        parameters=(ID,),
        problems=(404,),
        example=examples.EXPORT,
    ),
    Route(
        method="DELETE",
        path="/v1/exports/{id}",
        scope="write",
        summary="Delete a scheduled export",
        description="No more files are written; those that are there stay.",
        handler=delete_export,
        status=200,
        answer=Deleted,
        parameters=(ID,),
        problems=(404,),
        example={"deleted": True},
    ),
    Route(
        method="GET",
        path="/v1/exports/{id}/runs",
        scope="read",
        summary="List the runs of an export",
        description="What became of each period.",
        handler=list_export_runs,
        status=200,
        answer=ExportRuns,
        parameters=(ID,),
        problems=(404,),
        example={"runs": [examples.EXPORT_RUN]},
    ),
    Route(
        method="POST",
        path="/v1/exports/{id}/runs",
        scope="write",
        summary="Write a period again",
        description="A period that is over, also one before the export was made. Its file is replaced.",
        handler=repeat_export_run,
        status=202,
        answer=ExportRunShown,
        body=WantedRun,
        sent={"day": "2026-05-20"},
        parameters=(ID,),
        problems=(400, 404),
        example={**examples.EXPORT_RUN, "state": "queued", "rows": 0, "bytes": 0, "file": ""},
    ),
)
