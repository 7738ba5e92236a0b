"""A workspace's codes as one array, newest first, sent a page at a time.

The document knows no pages, so an answer may be as long as a workspace is large. It is read and sent page by page: at
most two are in memory, and the warehouse is asked once for each. A list of one page is a plain answer.
"""

from collections.abc import AsyncIterator

import msgspec
from starlette.responses import Response, StreamingResponse

from api.dialect import Call
from api.dialects.qravio.lookup import scan_totals, statics, workspace_id
from api.dialects.qravio.schemas import QravioCode
from api.dialects.qravio.to_wire import qravio_codes
from api.responses import Json
from schemas.code import Code, StaticCode

PAGE = 1_000


async def stream_codes(call: Call) -> Response:
    owner = await workspace_id(call)
    pages = _pages(call)
    first = await _page_to_wire(call, await anext(pages, []), owner)
    second = await anext(pages, None)
    if second is None:
        return Json(first)

    async def body() -> AsyncIterator[bytes]:
        """An error on the way ends the connection before the array does, so no part of a list looks complete."""
        yield b"[" + _joined(first)
        yield b"," + _joined(await _page_to_wire(call, second, owner))
        async for page in pages:
            yield b"," + _joined(await _page_to_wire(call, page, owner))
        yield b"]"

    return StreamingResponse(body(), media_type="application/json", headers={"Cache-Control": "no-store"})


async def _page_to_wire(call: Call, page: list[Code | StaticCode], owner: str) -> list[QravioCode]:
    return await qravio_codes(call, page, await scan_totals(call, page), owner)


def _joined(codes: list[QravioCode]) -> bytes:
    return msgspec.json.encode(codes)[1:-1]


async def _pages(call: Call) -> AsyncIterator[list[Code | StaticCode]]:
    """Dynamic and static codes by number (both have numbers of one counter); no page is empty."""
    workspace, before = call.key.workspace, None
    while True:
        codes: list[Code | StaticCode] = [
            *await call.context.codes.page(workspace, PAGE, before),
            *await statics(call).page(workspace, PAGE, before),
        ]
        page = sorted(codes, key=lambda code: -code.number)[:PAGE]
        if page:
            yield page
        if len(page) < PAGE:
            return
        before = page[-1].number
