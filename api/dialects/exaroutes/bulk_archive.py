"""The result of a bulk: a zip of the codes' pictures, and a manifest of all items."""

from collections.abc import AsyncIterator, Coroutine
from typing import Any

import msgspec

from api import picture_archive
from api.context import ApiContext
from api.dialects.exaroutes.bulk_worker import Created, Failed
from api.dialects.exaroutes.schemas import SIZE
from api.problems import Problem
from codes.jobs import Job, Jobs, Result

READ_AT_ONCE = 50
COLUMNS = ("index", "status", "id", "redirectUrl", "file", "data", "error", "message", "field")

Outcome = tuple[int, bytes, Result]


def chunks(context: ApiContext, jobs: Jobs, job: Job) -> AsyncIterator[bytes]:
    """The archive in parts (`api.picture_archive`). Raises Unavailable."""
    return picture_archive.chunks(_entries(context, jobs, job), COLUMNS, job.created_at_ms)


async def _entries(context: ApiContext, jobs: Jobs, job: Job) -> AsyncIterator[picture_archive.Entry]:
    async for outcome, picture in picture_archive.drawn_ahead(_drawings(context, jobs, job)):
        name, row = _entry(outcome, picture)
        yield name, picture if isinstance(picture, bytes) else b"", row


async def _drawings(
    context: ApiContext, jobs: Jobs, job: Job
) -> AsyncIterator[tuple[Outcome, Coroutine[Any, Any, bytes | Problem | None]]]:
    """The outcomes in the order of the items, each with the drawing of its code's picture."""
    for first in range(0, job.total, READ_AT_ONCE):
        for outcome in await jobs.outcomes(job, range(first, min(first + READ_AT_ONCE, job.total))):
            yield outcome, _picture(context, job, outcome[2])


async def _picture(context: ApiContext, job: Job, result: Result) -> bytes | Problem | None:
    if not result.ok:
        return None
    code = msgspec.json.decode(result.raw, type=Created)
    return await picture_archive.draw_patiently(
        context.images, code.url, code.style, code.format, SIZE.default, workspace=job.workspace
    )


def _entry(outcome: Outcome, picture: bytes | Problem | None) -> tuple[str, list[str]]:
    """The name of the picture's file ("" for none), and the item's row in the manifest."""
    at, item, result = outcome
    sent = sent_data(msgspec.json.decode(item))
    if not result.ok:
        failure = msgspec.json.decode(result.raw, type=Failed)
        return "", [str(at), "failed", "", "", "", sent, failure.code, failure.message, failure.field or ""]
    code = msgspec.json.decode(result.raw, type=Created)
    if isinstance(picture, Problem):
        # The code exists, but its style can no longer be drawn: its logo was deleted meanwhile.
        error = [picture.code, picture.message, picture.field or ""]
        return "", [str(at), "created", code.id, code.url, "", sent, *error]
    name = f"{code.id}.{code.format}"
    return name, [str(at), "created", code.id, code.url, name, sent, "", "", ""]


def sent_data(item: Any) -> str:
    """The item's `data` as it was sent, or the whole item if it has none."""
    data = item.get("data", item) if isinstance(item, dict) else item
    return data if isinstance(data, str) else msgspec.json.encode(data).decode()
