"""`/v1/dynamic/sheet`: many codes on pages to print."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from api import picture_archive
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.parsing import convert, read_object
from api.problems import Problem, invalid
from api.responses import picture_url
from codes.index import is_id
from qr import render_pool, sheet
from qr.scene import Scene
from schemas.code import Code

MAX_CODES = 100
LOW_MM, HIGH_MM = 10, 250

_decode = msgspec.msgpack.Decoder(Scene).decode


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    codes: Annotated[
        list[str],
        Meta(
            description="Ids of codes, in the order of the sheet.",
            extra_json_schema={"minItems": 1, "maxItems": MAX_CODES, "items": {"type": "string", "format": "uuid"}},
        ),
    ]
    width_mm: Annotated[
        float,
        Meta(description="The width of each picture.", extra_json_schema={"minimum": LOW_MM, "maximum": HIGH_MM}),
    ] = 40
    paper: Literal["a4", "a3", "letter"] = "a4"
    names: Annotated[bool, Meta(description="Write below each its label, or its slug if it has none.")] = True


async def draw_sheet(call: Call) -> Response:
    sent = convert(await read_object(call.request), Sheet)
    if not 1 <= len(sent.codes) <= MAX_CODES:
        raise invalid("codes", f"codes must have 1 to {MAX_CODES} entries, not {len(sent.codes)}", "wrong_length")
    if not LOW_MM <= sent.width_mm <= HIGH_MM or not sheet.fits(sent.paper, sent.width_mm):
        raise invalid("width_mm", f"width_mm must be {LOW_MM} to {HIGH_MM}, and fit the paper between its edges")
    codes = [await _code(call, at, id) for at, id in enumerate(sent.codes)]
    entries = [entry async for entry in _entries(call, codes, sent.names)]
    pdf = await call.context.images.sheet(entries, sent.paper, sent.width_mm)
    headers = {"Content-Disposition": 'attachment; filename="codes.pdf"', "Cache-Control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


async def _code(call: Call, at: int, id: str) -> Code:
    code = await call.context.codes.get(call.key.workspace, id) if is_id(id) else None
    if code is None:
        raise invalid(f"codes[{at}]", f"codes[{at}] is not the id of a code")
    return code


async def _entries(call: Call, codes: list[Code], names: bool) -> AsyncIterator[sheet.Entry]:
    base = call.context.settings.short_url

    async def drawings() -> AsyncIterator[tuple[int, Coroutine[Any, Any, bytes | Problem | None]]]:
        for at, code in enumerate(codes):
            link = picture_url(code.host, code.slug, base, "")
            yield (
                at,
                picture_archive.draw_patiently(
                    call.context.images, link, code.style, render_pool.SCENE, 512, workspace=code.workspace
                ),
            )

    async for at, drawn in picture_archive.drawn_ahead(drawings()):
        if not isinstance(drawn, bytes):
            assert drawn is not None
            # A sheet that lacks one would be printed before somebody counts.
            raise invalid(f"codes[{at}]", f"codes[{at}] cannot be drawn: {drawn.message}", drawn.code)
        code = codes[at]
        scene = await asyncio.to_thread(_decode, drawn)
        yield sheet.Entry(scene, (code.label or "")[:60] if names else "", code.slug[:60] if names else "")


ROUTES = (
    Route(
        method="POST",
        path="/v1/dynamic/sheet",
        scope="read",
        summary="Draw many codes on pages to print",
        description=f"A PDF with 1–{MAX_CODES} codes in rows, each in its style and `width_mm` wide. Each is decoded "
        "before; one that could not be scanned is refused, and nothing is left out in silence.",
        handler=draw_sheet,
        status=200,
        answer=None,
        body=Sheet,
        sent=examples.SHEET,
        media=("application/pdf",),
        problems=(400,),
    ),
)
