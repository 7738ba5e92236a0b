"""`POST /api/v1/generate/`: makes a dynamic QR and draws it in one call, or draws a symbol that holds what it says."""

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
from api.dialects.agency.schemas import AgencyVariant, NewAgencyCode, agency_code, public_url
from api.parsing import convert, read_object
from api.problems import Problem, invalid
from api.responses import Json
from codes.code_fields import NewCode
from codes.errors import Conflict, Unavailable
from qr.errors import Refused
from schemas import page_content

DYNAMIC = "dynamic"
TYPES = (DYNAMIC, *sorted(qr.payload.TYPES & page_content.TYPES))
SIZE = 512
# A drawn slug is one of 56^8.
_DRAWS = 5

_STYLE = Meta(description="How it is drawn; a style that no scanner could read is refused. A dynamic QR keeps it.")


class Generate(msgspec.Struct, frozen=True):
    """`destination_url` for a dynamic QR; `data` for any other: text, or an object with the fields of its type."""

    data_type: Annotated[str, Meta(description="What the symbol is for.", extra_json_schema={"enum": list(TYPES)})]
    name: str | UnsetType = UNSET
    destination_url: str | UnsetType = UNSET
    data: str | dict[str, Any] | UnsetType = UNSET
    format: Literal["png", "svg", "pdf", "eps"] = "png"
    style: Annotated[dict[str, Any] | None, _STYLE] = None


class Generated(msgspec.Struct, frozen=True):
    """The picture, and of a dynamic QR all its fields too."""

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
        return await _dynamic(call, sent, convert(body, NewAgencyCode, body.keys()))
    return Json(Generated(image=await _drawn(call, _text(sent), sent)), 201)


async def _dynamic(call: Call, sent: Generate, new: NewAgencyCode) -> Response:
    """The slug is drawn here, so that nothing is made when its picture cannot be."""
    given = {**from_wire.given(new), "style": sent.style, "created_by": call.key.id, "id": call.id()}
    base = call.context.settings.short_url
    await call.context.codes.check(call.key.workspace, NewCode(**given))
    for _ in range(_DRAWS):
        slug = call.context.codes.draw_slug(SLUG_LENGTH)
        image = await _drawn(call, public_url("", slug, base), sent)
        try:
            made = NewCode(**given, slug=slug, keep_slug=True)
            code = await call.context.codes.create(call.key.workspace, made)
        except Conflict as conflict:
            if conflict.field == "slug":
                continue
            raise
        if code.slug != slug:
            # An attempt that was cut short had made it already.
            image = await _drawn(call, public_url(code.host, code.slug, base), sent)
        call.shows(code, alone=False)
        shown = agency_code(code, Total(), base)
        return Json(Generated(**{name: getattr(shown, name) for name in shown.__struct_fields__}, image=image), 201)
    raise Unavailable("no free slug was found")


async def _drawn(call: Call, text: str, sent: Generate) -> str:
    picture = await qr_images.draw(call.context, text, sent.style, sent.format, SIZE, workspace=call.key.workspace)
    return f"data:{qr_images.MEDIA[sent.format]};base64,{base64.b64encode(picture).decode()}"


def _text(sent: Generate) -> str:
    """What a static symbol holds. Raises Problem (400)."""
    if sent.data_type not in TYPES:
        raise invalid("data_type", f"data_type must be one of: {', '.join(TYPES)}")
    data: object = sent.data
    if sent.data is UNSET and sent.data_type in page_content.LINKS:
        data = sent.destination_url
    if data is UNSET:
        raise invalid("data", "data is missing", "missing_field")
    field, _ = page_content.SHAPES[sent.data_type]
    whole = data if isinstance(data, Mapping) and field in data else {field: data}
    try:
        return qr.payload.text(sent.data_type, page_content.check(sent.data_type, whole))
    except (page_content.BadContent, Refused) as error:
        raise _renamed(error.field, field, error.message) from None


def _renamed(at: str, field: str, message: str) -> Problem:
    """`content.wifiContent.ssid` was sent as `data.ssid`."""
    inside = at.removeprefix(f"content.{field}") if at.startswith(f"content.{field}") else at.removeprefix("content")
    return invalid(f"data{inside}", message)


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/generate/",
        scope="write",
        summary="Generate a QR",
        description="With `data_type` `dynamic`: makes a dynamic QR and draws it, or neither. With any other: draws a "
        "symbol that holds what `data` says, and keeps nothing.",
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
