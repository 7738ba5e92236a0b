"""The pictures of a code's placements as a zip: one for each print, told apart by a label in its link."""

import re
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from api import picture_archive
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.images import SIZE, check_placement
from api.dialects.openqr.lookup import ID, find_code
from api.parsing import convert, read_object
from api.problems import Problem, invalid
from api.responses import picture_url
from schemas.code import Code
from schemas.short_links import LONGEST_PLACEMENT

MAX_PLACEMENTS = 500
COLUMNS = ("index", "placement", "url", "file", "error", "message", "field")
# Letters and digits of any script stay; what a file system, a shell or a reader could misread does not.
_UNSAFE = re.compile(r"[^\w.-]+")

_PLACEMENT = {"type": "string", "minLength": 1, "maxLength": LONGEST_PLACEMENT}


class Placements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    placements: Annotated[
        list[str],
        Meta(
            description="What each print is called, as its scans will say.",
            extra_json_schema={"minItems": 1, "maxItems": MAX_PLACEMENTS, "uniqueItems": True, "items": _PLACEMENT},
        ),
    ]
    format: Literal["png", "svg", "pdf", "eps"] = "png"
    size: Annotated[int, Meta(description=f"As in `GET /v1/dynamic/{{id}}/qr`: clamped to {SIZE.low}–{SIZE.high}.")] = (
        SIZE.default
    )


async def draw_placements(call: Call) -> Response:
    sent = convert(await read_object(call.request), Placements)
    code = await find_code(call)
    labels = _checked(sent.placements)
    base = call.context.settings.short_url
    links = [picture_url(code.host, code.slug, base, label) for label in labels]
    size = SIZE.clamp(sent.size)
    # The fullest picture is the first to be refused, so nearly every refusal comes before the archive begins.
    await call.context.images.draw(max(links, key=len), code.style, sent.format, size, workspace=code.workspace)
    name = _UNSAFE.sub("-", code.slug)
    headers = {"Content-Disposition": f'attachment; filename="{name}-placements.zip"', "Cache-Control": "no-store"}
    at_ms = round(call.context.now().timestamp() * 1000)
    entries = _entries(call, code, labels, links, sent.format, size)
    parts = picture_archive.chunks(entries, COLUMNS, at_ms)
    return StreamingResponse(parts, media_type="application/zip", headers=headers)


def _checked(sent: Sequence[str]) -> list[str]:
    if not 1 <= len(sent) <= MAX_PLACEMENTS:
        raise invalid(
            "placements", f"placements must have 1 to {MAX_PLACEMENTS} entries, not {len(sent)}", "wrong_length"
        )
    labels = [check_placement(f"placements[{at}]", text) for at, text in enumerate(sent)]
    seen: set[str] = set()
    for at, label in enumerate(labels):
        if label in seen:
            raise invalid(f"placements[{at}]", f"placements[{at}] stands twice")
        seen.add(label)
    return labels


async def _entries(
    call: Call, code: Code, labels: Sequence[str], links: Sequence[str], format: str, size: int
) -> AsyncIterator[picture_archive.Entry]:
    async def drawings() -> AsyncIterator[tuple[int, Coroutine[Any, Any, bytes | Problem | None]]]:
        for at, link in enumerate(links):
            yield (
                at,
                picture_archive.draw_patiently(
                    call.context.images, link, code.style, format, size, workspace=code.workspace
                ),
            )

    async for at, picture in picture_archive.drawn_ahead(drawings()):
        if isinstance(picture, bytes):
            name = file_name(at, labels[at], format)
            yield name, picture, (str(at), labels[at], links[at], name, "", "", "")
        else:
            assert picture is not None
            yield "", b"", (str(at), labels[at], links[at], "", picture.code, picture.message, picture.field or "")


def file_name(at: int, label: str, format: str) -> str:
    """Begins with the placement's position, so no two names are the same, in any file system."""
    return f"{at + 1:03}-{_UNSAFE.sub('-', label).strip('-.') or 'placement'}.{format}"


ROUTES = (
    Route(
        method="POST",
        path="/v1/dynamic/{id}/qr/placements",
        scope="read",
        summary="Draw a code once for each placement",
        description="A zip with a picture for each of 1–500 placements (`001-window.png`), in the code's style, and "
        "`manifest.csv`, which says what each file is. The pictures differ only in their link: `?p=window` names the "
        "placement, and the scans of each print have it. Drawn while it is sent; a picture that cannot be drawn is "
        "missing, and its line in the manifest says why.",
        handler=draw_placements,
        status=200,
        answer=None,
        body=Placements,
        sent=examples.PLACEMENTS,
        media=("application/zip",),
        parameters=(ID,),
        problems=(400, 404),
    ),
)
