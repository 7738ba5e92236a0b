"""What a bulk comes to: a zip of pictures, drawn while it is sent, and a manifest of every item."""

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
from api.dialects.exaroutes.bulk_worker import Fault, Made
from api.dialects.exaroutes.schemas import SIZE
from api.problems import Problem
from codes.csv_safety import escape_formulas
from codes.jobs import Job, Jobs, Result
from infra.fair_queue import TooMany

# Pictures that are drawn ahead of the one that is being sent.
AHEAD = 3
READ_AT_ONCE = 50
MANIFEST = "manifest.csv"
COLUMNS = ("index", "status", "id", "redirectUrl", "file", "data", "error", "message", "field")

Outcome = tuple[int, bytes, Result]


async def chunks(context: ApiContext, jobs: Jobs, job: Job) -> AsyncIterator[bytes]:
    """The archive in parts; the last one is its directory, without which it is none. Raises Unavailable."""
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
    """CSV that a spreadsheet shows and does not run."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([escape_formulas(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


async def _pictures(context: ApiContext, jobs: Jobs, job: Job) -> AsyncIterator[tuple[Outcome, bytes | Problem | None]]:
    """Every outcome in the order of the items, with the picture of a code, or why there is none."""
    ahead: deque[tuple[Outcome, asyncio.Task[bytes | Problem | None]]] = deque()
    try:
        for first in range(0, job.total, READ_AT_ONCE):
            for outcome in await jobs.outcomes(job, range(first, min(first + READ_AT_ONCE, job.total))):
                ahead.append((outcome, asyncio.create_task(_picture(context, job, outcome[2]))))
                if len(ahead) > AHEAD:
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
    code = msgspec.json.decode(result.raw, type=Made)
    while True:
        try:
            return await context.images.draw(code.url, code.style, code.format, SIZE.default, workspace=job.workspace)
        except Problem as problem:
            if problem.status != 503:
                return problem
        except TooMany:
            # Its own bulks, too.
            pass
        # Others are drawing, too.
        await asyncio.sleep(0.2)


def _entry(outcome: Outcome, picture: bytes | Problem | None) -> tuple[str, list[str]]:
    """The name of the picture's file ("" for none) and the item's line in the manifest."""
    at, item, result = outcome
    sent = _sent(item)
    if not result.ok:
        fault = msgspec.json.decode(result.raw, type=Fault)
        return "", [str(at), "failed", "", "", "", sent, fault.code, fault.message, fault.field or ""]
    code = msgspec.json.decode(result.raw, type=Made)
    if isinstance(picture, Problem):
        # There is a code, but its style can no longer be drawn: a logo that was deleted meanwhile.
        error = [picture.code, picture.message, picture.field or ""]
        return "", [str(at), "created", code.id, code.url, "", sent, *error]
    name = f"{code.id}.{code.format}"
    return name, [str(at), "created", code.id, code.url, name, sent, "", "", ""]


def _sent(item: bytes) -> str:
    return sent_data(msgspec.json.decode(item))


def sent_data(item: Any) -> str:
    """The item's `data` as it was sent, or the whole item where it has none."""
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
    """Takes what is written, until it is fetched. It cannot be sought in, so sizes follow what they are of."""

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
