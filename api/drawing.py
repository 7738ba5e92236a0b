"""Pictures of codes: drawn beside the event loop, no more at once than there are threads for it, each in a process that
can be stopped, and remembered."""

import asyncio
import atexit
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from api.context import ApiContext
from api.errors import invalid, unavailable
from qr import cache, style
from qr.errors import Refused, Unreadable
from qr.job import Job
from qr.workers import Workers

MEDIA = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "eps": "application/postscript",
}
THREADS = 2
# Who comes when so many are waiting is told to come again.
MAX_WAITING = 64

# Of the process, not of an app: they are costly to start, and know nothing of whose picture they draw.
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="draw")
_workers = Workers()
_cache = cache.Cache()
_waiting: set[object] = set()
atexit.register(_workers.close)


async def drawn(
    context: ApiContext, data: str, style: dict[str, Any] | None, format: str, size: int, *, workspace: int = 0
) -> bytes:
    """The bytes of a picture of `data`, which has been read back; its content type is `MEDIA[format]`. `workspace` is
    whose uploaded files the style may use as a logo. Raises Problem: 400 for what cannot be drawn, or not so that it
    could be scanned, with the field of the style and the reason; 503 when too many are waiting."""
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
    job = Job(data=data, style=look, format=format, size=size, more_fonts=context.settings.fonts)
    name = cache.name(job)
    if (kept := _cache.get(name)) is not None:
        return kept
    if len(_waiting) >= MAX_WAITING:
        raise unavailable("too many pictures are being drawn; try again shortly")
    token = object()
    _waiting.add(token)
    try:
        picture = await asyncio.get_running_loop().run_in_executor(_threads, _workers.draw, job)
    finally:
        _waiting.discard(token)
    _cache.put(name, picture)
    return picture
