"""Pictures of codes: drawn beside the event loop, no more at once than there are threads for it, each in a process that
can be stopped, and remembered."""

import asyncio
import atexit
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from api.context import ApiContext
from api.problems import invalid, unavailable
from infra import fair_queue
from infra.fair_queue import FairQueue, TooMany
from qr import cache, style
from qr.errors import Refused, Unreadable
from qr.render_pool import RenderJob, RenderPool

MEDIA = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "eps": "application/postscript",
}
# So many of one workspace, and one more for whoever else comes.
OWN_THREADS = 2
THREADS = OWN_THREADS + 1
# Who comes when so many are waiting is told to come again; one workspace may have so many waiting as its plan says.
MAX_WAITING = 256

# Of the process, not of an app: they are costly to start, and know nothing of whose picture they draw.
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="draw")
_workers = RenderPool()
_cache = cache.Cache()
_queue = FairQueue(THREADS, own_at_once=OWN_THREADS, waiting=MAX_WAITING)
atexit.register(_workers.close)


async def draw(
    context: ApiContext, data: str, style: dict[str, Any] | None, format: str, size: int, *, workspace: int
) -> bytes:
    """The bytes of a picture of `data`, which has been read back; its content type is `MEDIA[format]`. `workspace` is
    whose turn it takes, and whose uploaded files the style may use as a logo. Raises Problem: 400 for what cannot be
    drawn, or not so that it could be scanned, with the field of the style and the reason; 503 when too many are
    waiting. Raises TooMany when those of this workspace are."""
    try:
        return await _drawn(context, data, style, format, size, workspace)
    except Refused as refused:
        code = "unreadable" if isinstance(refused, Unreadable) else "invalid_style"
        code = code if refused.field.startswith("style") else "invalid"
        raise invalid(refused.field, f"{refused.field} {refused.message}", code) from None


async def _drawn(
    context: ApiContext, data: str, said: dict[str, Any] | None, format: str, size: int, workspace: int
) -> bytes:
    look = style.parse(said)
    if look.logo is not None and look.logo.image is None:
        at = look.logo.source
        get = context.logos.fetched(at) if look.logo.at_web else context.logos.uploaded(workspace, at)
        look = msgspec.structs.replace(look, logo=msgspec.structs.replace(look.logo, image=await get))
    job = RenderJob(data=data, style=look, format=format, size=size, more_fonts=context.settings.fonts)
    name = cache.cache_key(job)
    if (kept := _cache.get(name)) is not None:
        return kept
    picture = await _in_turn(job, workspace)
    _cache.put(name, picture)
    return picture


async def _in_turn(job: RenderJob, workspace: int) -> bytes:
    who = fair_queue.owner.get()
    try:
        await _queue.enter(workspace, who.pictures)
    except TooMany as error:
        if error.own:
            raise
        raise unavailable("too many pictures are being drawn; try again shortly") from None
    try:
        drawing = _threads.submit(_workers.draw, job)
    except BaseException:
        _queue.leave(workspace)
        raise
    # Its turn is over when the thread is done, also when nobody waits for it any more.
    drawing.add_done_callback(lambda _: _queue.leave(workspace))
    return await asyncio.wrap_future(drawing)
