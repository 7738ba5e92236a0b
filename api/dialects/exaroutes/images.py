"""Pictures: of a code, in the format it was created with, and of static QR codes, which are not stored."""

import base64

from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.exaroutes import examples, from_wire, style_fields
from api.dialects.exaroutes.lookup import ID, find_code
from api.dialects.exaroutes.schemas import SIZE, NewStaticQr, StaticQr
from api.dialects.exaroutes.to_wire import redirect_url
from api.parsing import read_object
from api.problems import Problem
from api.qr_images import MEDIA
from api.responses import Json

DEFAULT_FORMAT = "png"


async def read_qr_image(call: Call) -> Response:
    size = SIZE.read(call.request)
    code = await find_code(call)
    format = code.image_format or DEFAULT_FORMAT
    link = redirect_url(code, call.context.settings.short_url)
    try:
        image = await call.context.images.draw(link, code.style, format, size, workspace=code.workspace)
    except Problem as problem:
        raise style_fields.with_sent_field(problem) from None
    return Response(image, media_type=MEDIA[format], headers={"Cache-Control": "no-store"})


async def render_static_qr(call: Call) -> Response:
    sent = await read_object(call.request)
    body = from_wire.convert_known(sent, NewStaticQr)
    payload = from_wire.static_payload(body.dataType, body.data, "data")
    style, format = style_fields.style_of(sent), body.returnType
    size = SIZE.clamp(body.size)
    try:
        image = await call.context.images.draw(payload, style, format, size, workspace=call.key.workspace)
    except Problem as problem:
        raise style_fields.with_sent_field(problem) from None
    return Json(StaticQr(dataType=body.dataType, format=format, image=_inline(image, format)))


def _inline(image: bytes, format: str) -> str:
    """The picture as a page can hold it: the `<svg>` element, or a data URI."""
    if format == "svg":
        text = image.decode()
        return text[text.index("<svg") :].strip()
    return f"data:{MEDIA[format]};base64,{base64.b64encode(image).decode()}"


ROUTES = (
    Route(
        method="GET",
        path="/api/qr/codes/{id}/image",
        scope="read",
        summary="Get the printable image",
        description="A picture of `redirectUrl`, in the code's format and style.",
        handler=read_qr_image,
        status=200,
        answer=None,
        media=("image/png", "image/svg+xml"),
        parameters=(ID, SIZE),
        problems=(400, 404),
    ),
    Route(
        method="POST",
        path="/api/qr/static",
        scope="read",
        summary="Render a static QR code",
        description="The QR code holds `data` itself. Nothing is stored, so nothing can be tracked or edited.",
        handler=render_static_qr,
        status=200,
        answer=StaticQr,
        body=NewStaticQr,
        sent=examples.NEW_STATIC,
        problems=(400,),
        example=examples.STATIC,
    ),
)
