"""Pictures of codes, drawn beside the event loop and no more at once than there are threads for it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import qr
from api.context import ApiContext
from api.errors import invalid
from qr.errors import Refused
from qr.style import parse

MEDIA = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "eps": "application/postscript",
}
THREADS = 2

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="draw")


async def drawn(
    context: ApiContext, data: str, style: dict[str, Any] | None, format: str, size: int, *, workspace: int = 0
) -> bytes:
    """The bytes of a picture of `data`; its content type is `MEDIA[format]`. `workspace` is whose uploaded files the
    style may use as a logo. Raises Problem (400) for what cannot be drawn, or not so that it could be read."""
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, qr.draw, data, parse(style), format, size)
    except Refused as refused:
        raise invalid(refused.field, refused.message, "invalid_style") from None
