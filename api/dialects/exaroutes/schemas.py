"""What `/api/qr` takes and answers: the structs are the documentation (their schemas are /openapi.json)."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta

from api.dialects.exaroutes import data_types
from api.dialects.exaroutes import style_schema as styles
from api.dialects.exaroutes.data import DataType, payload, shown_type
from api.parameters import Parameter
from codes import timestamps
from schemas.code import Code

_DATE_TIME = {"format": "date-time"}
_DATA = Meta(
    description="What the code is for: a payload (an address; `WIFI:…`, `BEGIN:VCARD…`, `mailto:…`, `tel:…`, `geo:…`, "
    "a number or an address on its own), or an object with its parts (`network_name`, `first_name`, …).",
    examples=["https://example.com/spring"],
)
_DATA_TYPE = Meta(description="What `data` is.")
_RETURN_TYPE = Meta(description="The format of the printable image.")
_ID = Meta(description="The last part of `redirectUrl`.")
_DESTINATION = Meta(description="Where a scan leads, or the payload that its page shows.")

# Of a picture.
SIZE = Parameter.integer("size", "The width in pixels.", 512, 64, 4096)
Format = Literal["png", "svg"]
Data = str | Annotated[dict[str, Any], Meta(extra_json_schema=data_types.schema())]
Secure = Literal["password", "locked"]


class QrCode(msgspec.Struct, frozen=True, kw_only=True):
    """A dynamic code, the same wherever it is answered."""

    id: Annotated[str, _ID]
    type: Literal["dynamic"] = "dynamic"
    dataType: DataType
    destination: Annotated[str, _DESTINATION]
    redirectUrl: Annotated[str, Meta(description="What the symbol holds.", extra_json_schema={"format": "uri"})]
    status: Literal["active", "inactive"]
    encrypted: Annotated[Literal[False], Meta(description="Always false.")] = False
    secure: Annotated[list[Secure], Meta(description="What keeps the code from being updated here.")]
    createdAt: Annotated[str, Meta(extra_json_schema=_DATE_TIME)]
    updatedAt: Annotated[str, Meta(extra_json_schema=_DATE_TIME)]


class NewQrCode(msgspec.Struct, frozen=True):
    """Only `data` is needed. Fields that are not here are refused, but those of a code that was read, which are
    ignored."""

    data: Annotated[Data, _DATA]
    dataType: Annotated[DataType, _DATA_TYPE] = "url"
    returnType: Annotated[Format, _RETURN_TYPE] = "png"
    shape: Annotated[Any, styles.SHAPE] = UNSET
    finder: Annotated[Any, styles.FINDER] = UNSET
    color: Annotated[Any, styles.COLOR] = UNSET
    foregroundColor: Annotated[Any, styles.COLOR_TOO] = UNSET
    fgColor: Annotated[Any, styles.COLOR_TOO] = UNSET
    background: Annotated[Any, styles.BACKGROUND] = UNSET
    backgroundColor: Annotated[Any, styles.BACKGROUND_TOO] = UNSET
    bgColor: Annotated[Any, styles.BACKGROUND_TOO] = UNSET
    gradient: Annotated[Any, styles.GRADIENT] = UNSET
    margin: Annotated[Any, styles.MARGIN] = UNSET
    errorCorrection: Annotated[Any, styles.LEVEL] = UNSET
    errorCorrectionLevel: Annotated[Any, styles.LEVEL_TOO] = UNSET
    logo: Annotated[Any, styles.LOGO] = UNSET
    frame: Annotated[Any, styles.FRAME] = UNSET


class NewStaticQr(NewQrCode, frozen=True):
    """The same, and how large the picture is to be."""

    size: Annotated[int, Meta(description=SIZE.description)] = SIZE.default


class QrCodeUpdate(msgspec.Struct, frozen=True):
    destination: Annotated[Data, Meta(description="The new target, in any form that `data` may have.")]


class QrPagination(msgspec.Struct, frozen=True):
    total: Annotated[int, Meta(description="How many codes there are, of those that were asked for.")]
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
    """A picture, and nothing that is kept."""

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
    completed: Annotated[int, Meta(description="Items of which there is a code now.")]
    failed: Annotated[int, Meta(description="Items of which there is none; the manifest says why.")]


def redirect_url(code: Code, base: str) -> str:
    """A code on a custom domain has that domain's link, any other the default one's."""
    return f"{f'https://{code.host}' if code.host else base}/r/{code.slug}"


def secure(code: Code) -> list[Secure]:
    found: list[Secure] = []
    if code.password is not None:
        found.append("password")
    if code.locked:
        found.append("locked")
    return found


def qr_code(code: Code, base: str) -> QrCode:
    link = redirect_url(code, base)
    return QrCode(
        id=code.slug,
        dataType=shown_type(code.type),
        destination=payload(code, link),
        redirectUrl=link,
        status="active" if code.status == "active" else "inactive",
        secure=secure(code),
        createdAt=_milliseconds(code.created_at_ms),
        updatedAt=_milliseconds(code.updated_at_ms),
    )


def _milliseconds(at_ms: int) -> str:
    """`2026-05-21T15:00:00.000Z`"""
    return f"{timestamps.format_ms(at_ms // 1000 * 1000).removesuffix('Z')}.{at_ms % 1000:03}Z"
