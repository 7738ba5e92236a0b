"""`/api/qr/codes/bulk`: create many codes in the background, and fetch them once as an archive."""

import asyncio
import re
import secrets
from typing import Any

import msgspec
from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.exaroutes import bulk_archive, bulk_worker, examples, from_wire
from api.dialects.exaroutes.schemas import NewQrCode, QrBulk, QrBulkStatus
from api.one_time_download import OneTimeDownload
from api.parameters import Parameter
from api.parsing import read_array
from api.problems import EXPECTED_ERRORS, Problem, invalid, not_found, problem_of
from api.responses import Json
from codes import code_validator
from codes.jobs import Job, Jobs, Result

MAX_ITEMS = 1_000
# How many characters of an invalid item are stored, for the manifest.
KEPT_CHARACTERS = 300
HIDDEN = "…"
_network_password = re.compile(r"([:;]P:)(?:[^\\;]|\\.)*", re.IGNORECASE)
ID = Parameter("bulkId", "path", "The `bulkId` of the creation's answer.", {"type": "string", "format": "uuid"})


async def create_qr_bulk(call: Call) -> Response:
    items = await read_array(call.request)
    if not 1 <= len(items) <= MAX_ITEMS:
        raise invalid("body", f"body must have 1 to {MAX_ITEMS:,} items, not {len(items):,}", "wrong_number_of_items")
    raw, failed = await asyncio.to_thread(_validate, items, call.key.id)
    job = await Jobs(call.context.codes.redis, plans=call.context.codes.plans).make(
        call.key.workspace, call.key.id, raw, failed=failed, id=call.id()
    )
    return Json(QrBulk(job.id), 202)


def _validate(items: list[Any], created_by: str) -> tuple[list[bytes], dict[int, Result]]:
    """The items as they are stored until the worker creates them; and of each invalid item the reason, by its index."""
    raw, failed = [], {}
    for at, item in enumerate(items):
        try:
            if not isinstance(item, dict):
                raise invalid("body", "body is not a JSON object", "invalid_json")
            code_validator.check_form(from_wire.parse_new_code(item, created_by))
            raw.append(msgspec.json.encode(from_wire.without_ignored(item)))
        except EXPECTED_ERRORS as error:
            failed[at] = bulk_worker.failure(from_wire.with_sent_field(problem_of(error)))
            fields = from_wire.without_ignored(item) if isinstance(item, dict) else item
            raw.append(msgspec.json.encode(bulk_archive.sent_data(_without_passwords(fields))[:KEPT_CHARACTERS]))
    return raw, failed


def _without_passwords(value: Any) -> Any:
    """An item as the manifest shows it: the password of a network does not belong there."""
    if isinstance(value, dict):
        return {
            name: HIDDEN if name.lower() == "password" else _without_passwords(part) for name, part in value.items()
        }
    if isinstance(value, list):
        return [_without_passwords(part) for part in value]
    if isinstance(value, str) and value[:16].lstrip().upper().startswith("WIFI:"):
        return _network_password.sub(rf"\1{HIDDEN}", value)
    return value


async def _find_job(call: Call, jobs: Jobs) -> Job:
    """The bulk that the path names. Raises Problem: 404 if the workspace has no such bulk."""
    job = await jobs.get(call.request.path_params["bulkId"])
    if job is None or job.workspace != call.key.workspace:
        raise not_found("there is no bulk with this id")
    return job


async def read_qr_bulk(call: Call) -> Response:
    job = await _find_job(call, Jobs(call.context.codes.redis, plans=call.context.codes.plans))
    status = "done" if job.state == "taken" else job.state
    return Json(QrBulkStatus(job.id, status, job.total, job.completed, job.failed))


async def fetch_qr_bulk(call: Call) -> Response:
    jobs = Jobs(call.context.codes.redis, plans=call.context.codes.plans)
    job = await _find_job(call, jobs)
    if job.state == "taken":
        raise Problem(410, "already_fetched", "the result was fetched before; it is removed after that")
    if job.state != "done":
        raise Problem(409, "not_done", f"the bulk is {job.state}; its result is there once its status is done")
    headers = {"Content-Disposition": f'attachment; filename="{job.id}.zip"', "Cache-Control": "no-store"}
    if call.request.scope.get("head"):
        # HEAD asks whether it is there, and fetches nothing.
        return Response(b"", 200, headers, "application/zip")
    token = secrets.token_hex(8)
    await jobs.take(job.id, token)
    return OneTimeDownload(
        bulk_archive.chunks(call.context, jobs, job),
        media_type="application/zip",
        headers=headers,
        may_end=lambda: jobs.is_taking(job.id, token),
        ended=lambda: jobs.taken(job),
    )


ROUTES = (
    Route(
        method="POST",
        path="/api/qr/codes/bulk",
        scope="write",
        summary="Create many QR codes",
        description="Accepts 1–1,000 items, each a body of `POST /api/qr/codes`, and creates them in the background. "
        "An item that fails affects no other: the manifest has the reason. 429 while too many bulks of the workspace "
        "are under way or not fetched yet.",
        handler=create_qr_bulk,
        status=202,
        answer=QrBulk,
        body=list[NewQrCode],
        sent=examples.BULK,
        problems=(400,),
        example=examples.ACCEPTED,
        creates=True,
    ),
    Route(
        method="GET",
        path="/api/qr/codes/bulk/{bulkId}",
        scope="read",
        summary="Read the status of a bulk",
        description="`done` once every item has been created or has failed.",
        handler=read_qr_bulk,
        status=200,
        answer=QrBulkStatus,
        parameters=(ID,),
        problems=(404,),
        example=examples.STATUS,
    ),
    Route(
        method="GET",
        path="/api/qr/codes/bulk/{bulkId}/result",
        scope="write",
        summary="Fetch a bulk's result, once",
        description="A zip with the picture of each code (`{id}.png` or `{id}.svg`) and `manifest.csv`, with a line "
        "for each item. 409 before the bulk is done. A complete download removes it (410 from then on); an interrupted "
        "one can be repeated.",
        handler=fetch_qr_bulk,
        status=200,
        answer=None,
        media=("application/zip",),
        parameters=(ID,),
        problems=(404, 409, 410),
    ),
)
