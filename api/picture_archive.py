"""A zip of pictures, drawn while it is sent, and a manifest of them."""

import asyncio
import csv
import io
import time
import zipfile
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from api.problems import Problem
from api.qr_images import QrImages
from codes.csv_safety import escape_formulas
from infra.fair_queue import TooMany

# How many pictures are drawn ahead of the one that is being sent.
DRAWN_AHEAD = 3
MANIFEST = "manifest.csv"
_BUSY_S = 0.2

Item = TypeVar("Item")
# The name of a picture's file ("" for none), the picture, and its row in the manifest.
Entry = tuple[str, bytes, Sequence[str]]


async def chunks(entries: AsyncIterator[Entry], columns: Sequence[str], at_ms: int) -> AsyncIterator[bytes]:
    """The archive in parts; it is invalid without the last one, its directory. Raises what `entries` raises."""
    sink = _Sink()
    rows: list[Sequence[str]] = []
    at = _stamp(at_ms)
    with zipfile.ZipFile(sink, "w") as archive:
        async for name, picture, row in entries:
            rows.append(row)
            if name:
                archive.writestr(_info(name, at), picture)
                yield sink.take()
        archive.writestr(_info(MANIFEST, at), manifest(columns, rows))
        yield sink.take()
    yield sink.take()


def manifest(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """CSV in which a spreadsheet runs no formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([escape_formulas(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


async def drawn_ahead(
    drawings: AsyncIterator[tuple[Item, Coroutine[Any, Any, bytes | Problem | None]]],
) -> AsyncIterator[tuple[Item, bytes | Problem | None]]:
    """The items in their order, each with what its coroutine returned; a few run ahead of the one that is awaited."""
    ahead: deque[tuple[Item, asyncio.Task[bytes | Problem | None]]] = deque()
    try:
        async for item, drawing in drawings:
            ahead.append((item, asyncio.create_task(drawing)))
            if len(ahead) > DRAWN_AHEAD:
                yield ahead[0][0], await ahead[0][1]
                ahead.popleft()
        while ahead:
            yield ahead[0][0], await ahead[0][1]
            ahead.popleft()
    finally:
        for _, task in ahead:
            task.cancel()


async def draw_patiently(
    images: QrImages, data: str, style: dict[str, Any] | None, format: str, size: int, *, workspace: int
) -> bytes | Problem:
    """The picture, or why it cannot be drawn. While others are drawing, it waits for its turn."""
    while True:
        try:
            return await images.draw(data, style, format, size, workspace=workspace)
        except Problem as problem:
            if problem.status != 503:
                return problem
        except TooMany:
            # Other archives of the workspace count, too.
            pass
        await asyncio.sleep(_BUSY_S)


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
