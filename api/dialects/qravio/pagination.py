"""`GET /qrcodes`: everything in the workspace as one array, newest first.

The document knows no pages, so an answer may be as long as a workspace is large. It is made and sent a page at a time:
never more than two are held, and the warehouse is asked once for each. A list of one page is a plain answer.
"""

from collections.abc import AsyncIterator

import msgspec
from starlette.responses import Response, StreamingResponse

from api.dialect import Call, Route
from api.dialects.qravio import examples
from api.dialects.qravio.lookup import scan_totals, shown, statics, workspace_id
from api.dialects.qravio.schemas import QravioCode
from api.responses import Json
from schemas.code import Code, StaticCode

PAGE = 1_000


async def list_qravio_codes(call: Call) -> Response:
    owner = await workspace_id(call)
    pages = _pages(call)
    first = await _read(call, await anext(pages, []), owner)
    second = await anext(pages, None)
    if second is None:
        return Json(first)

    async def body() -> AsyncIterator[bytes]:
        """An error on the way ends the connection before the array does, so no half list looks whole."""
        yield b"[" + _joined(first)
        yield b"," + _joined(await _read(call, second, owner))
        async for page in pages:
            yield b"," + _joined(await _read(call, page, owner))
        yield b"]"

    return StreamingResponse(body(), media_type="application/json", headers={"Cache-Control": "no-store"})


async def _read(call: Call, page: list[Code | StaticCode], owner: str) -> list[QravioCode]:
    return await shown(call, page, await scan_totals(call, page), owner)


def _joined(codes: list[QravioCode]) -> bytes:
    return msgspec.json.encode(codes)[1:-1]


async def _pages(call: Call) -> AsyncIterator[list[Code | StaticCode]]:
    """Dynamic and static codes by their numbers, which both draw from one counter; no page is empty."""
    workspace, before = call.key.workspace, None
    while True:
        found: list[Code | StaticCode] = [
            *await call.context.codes.page(workspace, PAGE, before),
            *await statics(call).page(workspace, PAGE, before),
        ]
        page = sorted(found, key=lambda code: -code.number)[:PAGE]
        if page:
            yield page
        if len(page) < PAGE:
            return
        before = page[-1].number


ROUTES = (
    Route(
        method="GET",
        path="/api/public/v1/qrcodes",
        scope="read",
        summary="List QR codes",
        description="Every QR code in the API key's workspace, newest first, whoever made it. Lists of more than "
        "1,000 are sent as they are read; if that fails on the way, the connection ends before the array does.",
        handler=list_qravio_codes,
        status=200,
        answer=list[QravioCode],
        example=[examples.CODE],
    ),
)
