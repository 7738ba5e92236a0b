"""`POST /api/v1/generate/`: create a dynamic QR and draw it in one call, or draw a static QR code."""

import base64
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

import qr.payload
from analytics.totals import Total
from api import qr_images
from api.dialect import Call, Route
from api.dialects.agency import examples, from_wire
from api.dialects.agency.codes import SLUG_LENGTH
from api.dialects.agency.schemas import AgencyVariant, NewAgencyCode
from api.dialects.agency.to_wire import agency_code
from api.parsing import convert, read_object
from api.problems import Problem, invalid
from api.responses import Json, picture_url
from codes.code_fields import NewCode
from codes.errors import Conflict, Unavailable
from qr.errors import Refused
from schemas import page_content

DYNAMIC = "dynamic"
TYPES = (DYNAMIC, *sorted(qr.payload.TYPES & page_content.TYPES))
SIZE = 512
# A random slug is one of 56^8.
_ATTEMPTS = 5

_STYLE = Meta(description="How it is drawn; a style that could not be scanned is refused. A dynamic QR keeps it.")


class Generate(msgspec.Struct, frozen=True):
    """A dynamic QR needs `destination_url`, any other `data`: text, or an object with the fields of its type."""

    data_type: Annotated[str, Meta(description="What the QR code is for.", extra_json_schema={"enum": list(TYPES)})]
    name: str | UnsetType = UNSET
    destination_url: str | UnsetType = UNSET
    data: str | dict[str, Any] | UnsetType = UNSET
    format: Literal["png", "svg", "pdf", "eps"] = "png"
    style: Annotated[dict[str, Any] | None, _STYLE] = None


class Generated(msgspec.Struct, frozen=True):
    """The picture, and all fields of a dynamic QR."""

    image: Annotated[str, Meta(description="A data URI.", extra_json_schema={"format": "uri"})]
    id: int | UnsetType = UNSET
    short_id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    destination_url: str | UnsetType = UNSET
    variants: list[AgencyVariant] | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    scan_count: int | UnsetType = UNSET
    last_scanned_at: str | UnsetType | None = UNSET
    destination_changes_count: int | UnsetType = UNSET
    public_url: str | UnsetType = UNSET
    created_at: str | UnsetType = UNSET
    updated_at: str | UnsetType = UNSET


async def generate_qr(call: Call) -> Response:
    body = await read_object(call.request)
    sent = convert(body, Generate, body.keys())
    if sent.data_type == DYNAMIC:
        return await _create_dynamic(call, sent, convert(body, NewAgencyCode, body.keys()))
    return Json(Generated(image=await _data_uri(call, _static_text(sent), sent)), 201)


async def _create_dynamic(call: Call, sent: Generate, new: NewAgencyCode) -> Response:
    """Draws the picture first, with a slug chosen here, so that a code exists only if its picture could be drawn."""
    fields = {**from_wire.code_fields(new), "style": sent.style, "created_by": call.key.id, "id": call.id()}
    base = call.context.settings.short_url
    await call.context.codes.check(call.key.workspace, NewCode(**fields))
    for _ in range(_ATTEMPTS):
        slug = call.context.codes.draw_slug(SLUG_LENGTH)
        image = await _data_uri(call, picture_url("", slug, base), sent)
        try:
            made = NewCode(**fields, slug=slug, keep_slug=True)
            code = await call.context.codes.create(call.key.workspace, made)
        except Conflict as conflict:
            if conflict.field == "slug":
                continue
            raise
        if code.slug != slug:
            # An earlier attempt with the same Idempotency-Key has created it.
            image = await _data_uri(call, picture_url(code.host, code.slug, base), sent)
        call.set_etag(code, alone=False)
        return Json(Generated(**msgspec.structs.asdict(agency_code(code, Total(), base)), image=image), 201)
    raise Unavailable("no free slug was found")


async def _data_uri(call: Call, text: str, sent: Generate) -> str:
    picture = await call.context.images.draw(text, sent.style, sent.format, SIZE, workspace=call.key.workspace)
    return f"data:{qr_images.MEDIA[sent.format]};base64,{base64.b64encode(picture).decode()}"


def _static_text(sent: Generate) -> str:
    """What a static QR code holds. Raises Problem (400)."""
    if sent.data_type not in TYPES:
        raise invalid("data_type", f"data_type must be one of: {', '.join(TYPES)}")
    data: object = sent.data
    if sent.data is UNSET and sent.data_type in page_content.LINKS:
        data = sent.destination_url
    if data is UNSET:
        raise invalid("data", "data is missing", "missing_field")
    field, _ = page_content.SHAPES[sent.data_type]
    content = data if isinstance(data, Mapping) and field in data else {field: data}
    try:
        return qr.payload.text(sent.data_type, page_content.check(sent.data_type, content))
    except (page_content.BadContent, Refused) as error:
        raise _invalid_data(error.field, field, error.message) from None


def _invalid_data(at: str, field: str, message: str) -> Problem:
    """Names the field as it was sent: `content.wifiContent.ssid` is `data.ssid` here."""
    inside = at.removeprefix(f"content.{field}") if at.startswith(f"content.{field}") else at.removeprefix("content")
    return invalid(f"data{inside}", message)


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/generate/",
        scope="write",
        summary="Generate a QR",
        description="With the `data_type` `dynamic`: creates a dynamic QR and draws it, or does neither. With any "
        "other: draws a QR code that holds `data`, and stores nothing.",
        handler=generate_qr,
        status=201,
        answer=Generated,
        body=Generate,
        sent=examples.GENERATE,
        problems=(400, 409),
        example=examples.GENERATED,
        creates=True,
    ),
)
