"""`/api/qr/codes/bulk`: many codes asked for at once, made afterwards, fetched as an archive once."""

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

MOST = 1_000
# Of an item that cannot be made, so many characters are kept.
SHOWN = 300
HIDDEN = "…"
_network_password = re.compile(r"([:;]P:)(?:[^\\;]|\\.)*", re.IGNORECASE)
ID = Parameter("bulkId", "path", "What the creation answered.", {"type": "string", "format": "uuid"})


async def create_qr_bulk(call: Call) -> Response:
    items = await read_array(call.request)
    if not 1 <= len(items) <= MOST:
        raise invalid("body", f"body must have 1 to {MOST:,} items, not {len(items):,}", "wrong_number_of_items")
    raw, failed = await asyncio.to_thread(_accepted, items, call.key.id)
    job = await Jobs(call.context.codes.redis, plans=call.context.codes.plans).make(
        call.key.workspace, call.key.id, raw, failed=failed, id=call.id()
    )
    return Json(QrBulk(job.id), 202)


def _accepted(items: list[Any], created_by: str) -> tuple[list[bytes], dict[int, Result]]:
    """The items as they are kept until they are made, without what is ignored; and, of those that can never be made,
    why and the first characters of what was sent, for the manifest."""
    raw, failed = [], {}
    for at, item in enumerate(items):
        try:
            if not isinstance(item, dict):
                raise invalid("body", "body is not a JSON object", "invalid_json")
            code_validator.check_form(from_wire.as_sent(item, created_by))
            raw.append(msgspec.json.encode(from_wire.pruned(item)))
        except EXPECTED_ERRORS as error:
            failed[at] = bulk_worker.failed(from_wire.at_data(problem_of(error)))
            known = from_wire.pruned(item) if isinstance(item, dict) else item
            raw.append(msgspec.json.encode(bulk_archive.sent_data(_without_passwords(known))[:SHOWN]))
    return raw, failed


def _without_passwords(value: Any) -> Any:
    """Of what is shown of an item that has failed: a network's password serves nobody there."""
    if isinstance(value, dict):
        return {
            name: HIDDEN if name.lower() == "password" else _without_passwords(part) for name, part in value.items()
        }
    if isinstance(value, list):
        return [_without_passwords(part) for part in value]
    if isinstance(value, str) and value[:16].lstrip().upper().startswith("WIFI:"):
        return _network_password.sub(rf"\1{HIDDEN}", value)
    return value


async def _wanted(call: Call, jobs: Jobs) -> Job:
    """Raises Problem: 404 for a bulk that is not the caller's, 410 for one that was fetched."""
    job = await jobs.get(call.request.path_params["bulkId"])
    if job is None or job.workspace != call.key.workspace:
        raise not_found("there is no bulk with this id")
    return job


async def read_qr_bulk(call: Call) -> Response:
    job = await _wanted(call, Jobs(call.context.codes.redis, plans=call.context.codes.plans))
    status = "done" if job.state == "taken" else job.state
    return Json(QrBulkStatus(job.id, status, job.total, job.completed, job.failed))


async def fetch_qr_bulk(call: Call) -> Response:
    jobs = Jobs(call.context.codes.redis, plans=call.context.codes.plans)
    job = await _wanted(call, jobs)
    if job.state == "taken":
        raise Problem(410, "already_fetched", "the result was fetched before; it is removed after that")
    if job.state != "done":
        raise Problem(409, "not_done", f"the bulk is {job.state}; its result is there once its status is done")
    headers = {"Content-Disposition": f'attachment; filename="{job.id}.zip"', "Cache-Control": "no-store"}
    if call.request.scope.get("head"):
        # Somebody asks whether it is there, and fetches nothing.
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
        description="Takes 1–1,000 items, each what the creation of one code takes, and makes them afterwards. An item "
        "that cannot be made does not hold up the others: the manifest says why. 429 while too many bulks of the "
        "workspace are under way, or were not fetched yet.",
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
        summary="Ask how far a bulk is",
        description="`done` when every item has been made, or found to be impossible.",
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
        "for each item. 409 before the bulk is done. It is removed when it has been fetched as a whole (410 from then "
        "on); a download that was cut off can be repeated.",
        handler=fetch_qr_bulk,
        status=200,
        answer=None,
        media=("application/zip",),
        parameters=(ID,),
        problems=(404, 409, 410),
    ),
)
