"""QR images of codes, drawn beside the event loop: as many at once as there are threads, each in a process of its own
that can be stopped. Finished images are remembered.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from api.logos import Logos
from api.problems import invalid, unavailable
from infra import fair_queue
from infra.fair_queue import FairQueue, TooMany
from qr import render_pool, sheet, style
from qr.errors import Refused, Unreadable
from qr.render import Measured
from qr.render_pool import RenderJob, RenderPool
from qr.sheet import Entry

MEDIA = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "eps": "application/postscript",
}
# So many of one workspace, and one more for whoever else comes.
OWN_THREADS = 2
THREADS = OWN_THREADS + 1
# Above this the API is busy (503); the plan of a workspace says how many of its own may wait.
MAX_WAITING = 256


class QrImages:
    """`fonts` is a folder of extra fonts for captions. The render processes of `workers` start when they are needed;
    `close` ends them."""

    def __init__(self, logos: Logos, *, fonts: str = "", workers: RenderPool | None = None) -> None:
        self._logos = logos
        self._fonts = fonts
        self._workers = workers or RenderPool()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="draw")
        self._cache = render_pool.PictureCache()
        self._queue = FairQueue(THREADS, own_at_once=OWN_THREADS, waiting=MAX_WAITING)

    async def draw(self, data: str, style: dict[str, Any] | None, format: str, size: int, *, workspace: int) -> bytes:
        """An image of `data` that a scanner has read; `MEDIA[format]` is its content type. It takes the turn of
        `workspace`, whose uploaded files the style may use as a logo. Raises Problem: 400 with the field of the style
        and the reason for what cannot be drawn or not be scanned, 503 when too many wait; and TooMany when too many of
        this workspace do."""
        try:
            return await self._drawn(data, style, format, size, workspace)
        except Refused as refused:
            code = "unreadable" if isinstance(refused, Unreadable) else "invalid_style"
            code = code if refused.field.startswith("style") else "invalid"
            raise invalid(refused.field, f"{refused.field} {refused.message}", code) from None

    async def measure(self, data: str, style: dict[str, Any] | None, size: int, *, workspace: int) -> Measured:
        """An SVG, and how well it scans. Raises what `draw` raises."""
        packed = await self.draw(data, style, render_pool.MEASURED, size, workspace=workspace)
        return msgspec.msgpack.decode(packed, type=Measured)

    async def sheet(self, entries: Sequence[Entry], paper: str, width_mm: float) -> bytes:
        """A PDF of scenes that were drawn as SCENE."""
        return await asyncio.to_thread(sheet.sheet, entries, paper, width_mm, more_fonts=self._fonts)

    async def _drawn(self, data: str, sent: dict[str, Any] | None, format: str, size: int, workspace: int) -> bytes:
        look = style.parse(sent)
        if look.logo is not None and look.logo.image is None:
            source = look.logo.source
            get = self._logos.fetched(source) if look.logo.at_web else self._logos.uploaded(workspace, source)
            look = msgspec.structs.replace(look, logo=msgspec.structs.replace(look.logo, image=await get))
        job = RenderJob(data=data, style=look, format=format, size=size, more_fonts=self._fonts)
        key = render_pool.cache_key(job)
        if (kept := self._cache.get(key)) is not None:
            return kept
        image = await self._in_turn(job, workspace)
        self._cache.put(key, image)
        return image

    async def _in_turn(self, job: RenderJob, workspace: int) -> bytes:
        owner = fair_queue.owner.get()
        try:
            await self._queue.enter(workspace, owner.pictures)
        except TooMany as error:
            if error.own:
                raise
            raise unavailable("too many pictures are being drawn; try again shortly") from None
        try:
            drawing = self._threads.submit(self._workers.draw, job)
        except BaseException:
            self._queue.leave(workspace)
            raise
        # The turn ends with the thread, also when the caller is gone.
        drawing.add_done_callback(lambda _: self._queue.leave(workspace))
        return await asyncio.wrap_future(drawing)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._workers.close()
