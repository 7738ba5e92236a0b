"""The result of a bulk: a zip of pictures, drawn while it is sent, and a manifest of all items."""

import asyncio
import csv
import io
import time
import zipfile
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec

from api.context import ApiContext
from api.dialects.exaroutes.bulk_worker import Created, Failed
from api.dialects.exaroutes.schemas import SIZE
from api.problems import Problem
from codes.csv_safety import escape_formulas
from codes.jobs import Job, Jobs, Result
from infra.fair_queue import TooMany

# How many pictures are drawn ahead of the one that is being sent.
DRAWN_AHEAD = 3
READ_AT_ONCE = 50
MANIFEST = "manifest.csv"
COLUMNS = ("index", "status", "id", "redirectUrl", "file", "data", "error", "message", "field")

Outcome = tuple[int, bytes, Result]


async def chunks(context: ApiContext, jobs: Jobs, job: Job) -> AsyncIterator[bytes]:
    """The archive in parts; it is invalid without the last one, its directory. Raises Unavailable."""
    sink = _Sink()
    rows: list[list[str]] = []
    at = _stamp(job.created_at_ms)
    with zipfile.ZipFile(sink, "w") as archive:
        async for outcome, picture in _pictures(context, jobs, job):
            name, row = _entry(outcome, picture)
            rows.append(row)
            if name and isinstance(picture, bytes):
                archive.writestr(_info(name, at), picture)
                yield sink.take()
        archive.writestr(_info(MANIFEST, at), manifest(rows))
        yield sink.take()
    yield sink.take()


def manifest(rows: Iterable[list[str]]) -> bytes:
    """CSV in which a spreadsheet runs no formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([escape_formulas(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


async def _pictures(context: ApiContext, jobs: Jobs, job: Job) -> AsyncIterator[tuple[Outcome, bytes | Problem | None]]:
    """The outcomes in the order of the items, each with its code's picture, why there is none, or None."""
    ahead: deque[tuple[Outcome, asyncio.Task[bytes | Problem | None]]] = deque()
    try:
        for first in range(0, job.total, READ_AT_ONCE):
            for outcome in await jobs.outcomes(job, range(first, min(first + READ_AT_ONCE, job.total))):
                ahead.append((outcome, asyncio.create_task(_picture(context, job, outcome[2]))))
                if len(ahead) > DRAWN_AHEAD:
                    yield ahead[0][0], await ahead[0][1]
                    ahead.popleft()
        while ahead:
            yield ahead[0][0], await ahead[0][1]
            ahead.popleft()
    finally:
        for _, drawing in ahead:
            drawing.cancel()


async def _picture(context: ApiContext, job: Job, result: Result) -> bytes | Problem | None:
    if not result.ok:
        return None
    code = msgspec.json.decode(result.raw, type=Created)
    while True:
        try:
            return await context.images.draw(code.url, code.style, code.format, SIZE.default, workspace=job.workspace)
        except Problem as problem:
            if problem.status != 503:
                return problem
        except TooMany:
            # Other bulks of the workspace count, too.
            pass
        # Other requests are drawing, too.
        await asyncio.sleep(0.2)


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


Stamp = tuple[int, int, int, int, int, int]


def _stamp(at_ms: int) -> Stamp:
    at = time.gmtime(at_ms / 1000)
    return at.tm_year, at.tm_mon, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec


def _info(name: str, at: Stamp) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, at)
    # A PNG is compressed already.
    info.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


class _Sink(io.RawIOBase):
    """Collects what is written until `take`. It cannot seek, so the zip has sizes after the data."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: object) -> int:
        taken = bytes(part)  # type: ignore[call-overload]
        self._parts.append(taken)
        return len(taken)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken
