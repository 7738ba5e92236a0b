"""ExaRoutes' API on the wire: structs that are answers and bodies, and whose JSON schemas are the documentation."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta

from api.dialects.exaroutes import style_fields
from api.dialects.exaroutes.data_types import DataType, data_schema
from api.parameters import Parameter

_DATE_TIME = {"format": "date-time"}
_DATA = Meta(
    description="What the code holds: a payload (an address; `WIFI:…`, `BEGIN:VCARD…`, `mailto:…`, `tel:…`, `geo:…`, "
    "a bare number or e-mail address), or an object with its fields (`network_name`, `first_name`, …).",
    examples=["https://example.com/spring"],
)
_DATA_TYPE = Meta(description="The type of `data`.")
_RETURN_TYPE = Meta(description="The format of the printable image.")
_ID = Meta(description="The last part of `redirectUrl`.")
_DESTINATION = Meta(description="Where scans go, or the payload that the code's page shows.")

# Of a picture.
SIZE = Parameter.integer("size", "The width in pixels.", 512, 64, 4096)
Format = Literal["png", "svg"]
Data = str | Annotated[dict[str, Any], Meta(extra_json_schema=data_schema())]
Secure = Literal["password", "locked"]


class QrCode(msgspec.Struct, frozen=True, kw_only=True):
    """A dynamic code, the same in every answer."""

    id: Annotated[str, _ID]
    type: Literal["dynamic"] = "dynamic"
    dataType: DataType
    destination: Annotated[str, _DESTINATION]
    redirectUrl: Annotated[str, Meta(description="What the QR code holds.", extra_json_schema={"format": "uri"})]
    status: Literal["active", "inactive"]
    encrypted: Annotated[Literal[False], Meta(description="Always false.")] = False
    secure: Annotated[list[Secure], Meta(description="Why the code cannot be updated here.")]
    createdAt: Annotated[str, Meta(extra_json_schema=_DATE_TIME)]
    updatedAt: Annotated[str, Meta(extra_json_schema=_DATE_TIME)]


class NewQrCode(msgspec.Struct, frozen=True):
    """Only `data` is required. Unknown fields are refused; read-only fields of a code are ignored."""

    data: Annotated[Data, _DATA]
    dataType: Annotated[DataType, _DATA_TYPE] = "url"
    returnType: Annotated[Format, _RETURN_TYPE] = "png"
    shape: Annotated[Any, style_fields.SHAPE] = UNSET
    finder: Annotated[Any, style_fields.FINDER] = UNSET
    color: Annotated[Any, style_fields.COLOR] = UNSET
    foregroundColor: Annotated[Any, style_fields.COLOR_ALIAS] = UNSET
    fgColor: Annotated[Any, style_fields.COLOR_ALIAS] = UNSET
    background: Annotated[Any, style_fields.BACKGROUND] = UNSET
    backgroundColor: Annotated[Any, style_fields.BACKGROUND_ALIAS] = UNSET
    bgColor: Annotated[Any, style_fields.BACKGROUND_ALIAS] = UNSET
    gradient: Annotated[Any, style_fields.GRADIENT] = UNSET
    margin: Annotated[Any, style_fields.MARGIN] = UNSET
    errorCorrection: Annotated[Any, style_fields.LEVEL] = UNSET
    errorCorrectionLevel: Annotated[Any, style_fields.LEVEL_ALIAS] = UNSET
    logo: Annotated[Any, style_fields.LOGO] = UNSET
    frame: Annotated[Any, style_fields.FRAME] = UNSET


class NewStaticQr(NewQrCode, frozen=True):
    """As for a dynamic code, and the size of the picture."""

    size: Annotated[int, Meta(description=SIZE.description)] = SIZE.default


class QrCodeUpdate(msgspec.Struct, frozen=True):
    destination: Annotated[Data, Meta(description="The new target, in any form that `data` may have.")]


class QrPagination(msgspec.Struct, frozen=True):
    total: Annotated[int, Meta(description="The number of codes that match the filters.")]
    limit: int
    cursor: str
    nextCursor: Annotated[str | None, Meta(description="Send it as `cursor` for the next page; null on the last.")]


class QrCodePage(msgspec.Struct, frozen=True):
    data: Annotated[list[QrCode], Meta(description="Newest first.")]
    pagination: QrPagination


class QrDay(msgspec.Struct, frozen=True):
    date: Annotated[str, Meta(description="A UTC day.", extra_json_schema={"format": "date"})]
    scans: int


class QrCountry(msgspec.Struct, frozen=True):
    country: str
    scans: int


class QrAnalytics(msgspec.Struct, frozen=True):
    id: Annotated[str, _ID]
    days: Annotated[int, Meta(description="The days asked for, clamped.")]
    totalScans: Annotated[int, Meta(description="Scans by people, ever.")]
    windowScans: Annotated[int, Meta(description="Scans in the window.")]
    series: Annotated[list[QrDay], Meta(description="A count for each day of the window, oldest first.")]
    countries: Annotated[list[QrCountry], Meta(description="Every country of the window, the commonest first.")]


class StaticQr(msgspec.Struct, frozen=True, kw_only=True):
    """A picture; nothing is stored."""

    type: Literal["static"] = "static"
    dataType: DataType
    format: Format
    image: Annotated[str, Meta(description="SVG as text, PNG as a `data:` URI.")]


class QrBulk(msgspec.Struct, frozen=True):
    bulkId: str


class QrBulkStatus(msgspec.Struct, frozen=True):
    bulkId: str
    status: Literal["queued", "processing", "done"]
    total: int
    completed: Annotated[int, Meta(description="Items that became codes.")]
    failed: Annotated[int, Meta(description="Items that failed; the manifest has the reasons.")]
