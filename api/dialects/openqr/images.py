"""`/v1/qr` and `/v1/dynamic/{id}/qr`: QR codes as pictures, of any text and of a code."""

import hashlib
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from api import etags
from api.dialect import Call, Route
from api.dialects.openqr import examples
from api.dialects.openqr.lookup import ID, find_code
from api.parameters import Parameter
from api.parsing import convert, read_object
from api.problems import invalid
from api.qr_images import MEDIA
from api.responses import Json, picture_url
from codes.validation import single_line
from schemas.short_links import LONGEST_PLACEMENT

DATA = Parameter(
    "data", "query", "What the QR code holds: an address, or any text of up to 2,953 bytes.", {"type": "string"}
)
FORMAT = Parameter(
    "format",
    "query",
    "The format of the picture. All four show the same.",
    {"type": "string", "enum": list(MEDIA), "default": "png"},
)
SIZE = Parameter.integer(
    "size",
    "The exact width: in pixels, in a PDF or EPS in points. A picture with a caption is higher than it is wide.",
    512,
    64,
    4096,
)
PLACEMENT = Parameter(
    "placement",
    "query",
    "Which print of the code this is: its scans will say so.",
    {"type": "string", "maxLength": LONGEST_PLACEMENT, "examples": ["window"]},
)
# The same request has the same answer until Waymark itself changes.
CACHE_A_DAY = "private, max-age=86400"
# A style may change at any time.
REVALIDATE = "private, no-cache"


class Design(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    style: Annotated[
        dict[str, Any] | None,
        Meta(
            description="As in a code; null: black on white. A logo may be a `data:` address here.",
            extra_json_schema={"additionalProperties": True},
        ),
    ] = None
    placement: Annotated[str, Meta(description="As in `GET /v1/dynamic/{id}/qr`.")] = ""


class DesignPreview(msgspec.Struct, frozen=True):
    svg: Annotated[str, Meta(description="The picture, 512 pixels wide; it scales.")]
    width: Annotated[float, Meta(description="Of the picture in modules, with quiet zone and frame.")]
    modules: Annotated[int, Meta(description="Of the symbol, on each side.")]
    error_correction: Annotated[str, Meta(description="The level it has: `L`, `M`, `Q` or `H`.")]
    reserve: Annotated[
        float,
        Meta(
            description="The largest share of the symbol, of 0 to 0.3, that may be dirty or torn in one place, and it "
            "still reads: measured with a spot in the middle, and with one in the corner."
        ),
    ]


async def draw_qr(call: Call) -> Response:
    query = call.request.query_params
    data = query.get("data")
    if not data:
        raise invalid("data", "data is missing", "missing_field")
    format = _sent_format(call.request)
    picture = await call.context.images.draw(data, None, format, SIZE.read(call.request), workspace=call.key.workspace)
    return _response(call.request, picture, format, CACHE_A_DAY)


async def draw_code(call: Call) -> Response:
    format, size = _sent_format(call.request), SIZE.read(call.request)
    placement = call.request.query_params.get("placement", "")
    if placement:
        placement = check_placement("placement", placement)
    code = await find_code(call)
    link = picture_url(code.host, code.slug, call.context.settings.short_url, placement)
    picture = await call.context.images.draw(link, code.style, format, size, workspace=code.workspace)
    return _response(call.request, picture, format, REVALIDATE)


async def preview_design(call: Call) -> Response:
    sent = convert(await read_object(call.request), Design)
    placement = check_placement("placement", sent.placement) if sent.placement else ""
    code = await find_code(call)
    link = picture_url(code.host, code.slug, call.context.settings.short_url, placement)
    found = await call.context.images.measure(link, sent.style, SIZE.default, workspace=code.workspace)
    return Json(DesignPreview(found.svg, found.width, found.modules, found.error_correction, found.reserve))


def check_placement(field: str, text: str) -> str:
    """The label as a scan's event will have it. Raises codes.errors.Refused."""
    return single_line(field, text.strip(), LONGEST_PLACEMENT)


def _sent_format(request: Request) -> str:
    format = request.query_params.get("format", "png").lower()
    if format not in MEDIA:
        raise invalid("format", f"format must be one of: {', '.join(MEDIA)}")
    return format


def _response(request: Request, picture: bytes, format: str, cache: str) -> Response:
    etags.set_etag(request, hashlib.blake2b(picture, digest_size=16).hexdigest())
    # An SVG that is opened by itself is a page: without scripts, and with nothing loaded from elsewhere.
    headers = {
        "Cache-Control": cache,
        "Content-Security-Policy": "default-src 'none'; img-src data:",
    }
    return Response(picture, media_type=MEDIA[format], headers=headers)


ROUTES = (
    Route(
        method="GET",
        path="/v1/qr",
        scope="read",
        summary="Draw a QR code of any text",
        description="Black on white, with a quiet zone of four modules. For a code, pass its `short_url` as `data`, or "
        "its address below `/q/`, whose scans have the entry `qr`. Every picture is decoded before it is sent: one "
        "that could not be scanned (too few pixels) is refused.",
        handler=draw_qr,
        status=200,
        answer=None,
        tagged=True,
        media=tuple(MEDIA.values()),
        parameters=(DATA, FORMAT, SIZE),
        problems=(400,),
    ),
    Route(
        method="GET",
        path="/v1/dynamic/{id}/qr",
        scope="read",
        summary="Draw a code",
        description="Its short link below `/q/`, whose scans have the entry `qr`, in its `style`; with a `placement`, "
        "they have that too. Decoded before it is sent; a style that could not be scanned is refused with the reason, "
        "and `field` names the part at fault.",
        handler=draw_code,
        status=200,
        answer=None,
        tagged=True,
        media=tuple(MEDIA.values()),
        parameters=(ID, FORMAT, SIZE, PLACEMENT),
        problems=(400, 404),
    ),
    Route(
        method="POST",
        path="/v1/dynamic/{id}/qr/preview",
        scope="read",
        summary="Try a style on a code",
        description="The code's picture in a style that it does not have (yet), and how well it scans. What would not "
        "scan is refused like a picture; nothing is changed.",
        handler=preview_design,
        status=200,
        answer=DesignPreview,
        body=Design,
        sent=examples.DESIGN,
        parameters=(ID,),
        problems=(400, 404),
        example=examples.DESIGN_PREVIEW,
    ),
)
