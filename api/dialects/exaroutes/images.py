"""Pictures: of a code, in the format it was made with, and of what is not kept at all."""

import base64

from starlette.responses import Response

from api.dialect import Call, Route
from api.dialects.exaroutes import data, examples, from_wire, style_fields
from api.dialects.exaroutes.codes import ID, wanted
from api.dialects.exaroutes.schemas import SIZE, NewStaticQr, StaticQr, redirect_url
from api.parsing import read_object
from api.problems import Problem
from api.qr_images import MEDIA
from api.responses import Json

FORMAT = "png"


async def read_qr_image(call: Call) -> Response:
    size = SIZE.read(call.request)
    code = await wanted(call)
    format = code.image_format or FORMAT
    link = redirect_url(code, call.context.settings.short_url)
    try:
        image = await call.context.images.draw(link, code.style, format, size, workspace=code.workspace)
    except Problem as problem:
        raise style_fields.renamed(problem) from None
    return Response(image, media_type=MEDIA[format], headers={"Cache-Control": "no-store"})


async def render_static_qr(call: Call) -> Response:
    sent = await read_object(call.request)
    body = from_wire.known(sent, NewStaticQr)
    payload = data.static_payload(body.dataType, body.data, "data")
    style, format = style_fields.style_of(sent), body.returnType
    size = SIZE.clamp(body.size)
    try:
        image = await call.context.images.draw(payload, style, format, size, workspace=call.key.workspace)
    except Problem as problem:
        raise style_fields.renamed(problem) from None
    return Json(StaticQr(dataType=body.dataType, format=format, image=inline(image, format)))


def inline(image: bytes, format: str) -> str:
    """As it can stand in a page: the `<svg>` element, or a data URI."""
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
        description="A picture of `redirectUrl`, in the format that the code was created with and in its style.",
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
        description="The symbol holds `data` itself. Nothing is stored, so there is nothing to track or to edit.",
        handler=render_static_qr,
        status=200,
        answer=StaticQr,
        body=NewStaticQr,
        sent=examples.NEW_STATIC,
        problems=(400,),
        example=examples.STATIC,
    ),
)
