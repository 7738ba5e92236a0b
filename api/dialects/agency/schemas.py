"""What `/api/v1` reads and writes of codes. These structs are the answers, and their JSON schemas the documentation."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from analytics.totals import Total
from codes.scan_options import is_link
from codes.timestamps import format_ms as moment
from schemas.code import Code
from schemas.scan_options import Variant

MAX_NAME = 120
MAX_URL = 2000

_NAME = Meta(
    description="An internal name, which scanners never see. Codes that another API made without one read as empty; a "
    "blank one cannot be written.",
    extra_json_schema={"maxLength": MAX_NAME},
)
_URL = Meta(
    description="Where a scan is sent: a public http(s) address. A code that shows a page leads to itself, and writing "
    "this is 409.",
    extra_json_schema={"format": "iri", "maxLength": MAX_URL},
)
_ACTIVE = Meta(description="False shows a page instead of redirecting, until it is true again.")
_VARIANTS = Meta(
    description="Destinations that share the scans. While there are any, `destination_url` waits; an empty list goes "
    "back to it. Writing replaces all. On some plans 403.",
    extra_json_schema={"maxItems": 10},
)
_WEIGHT = Meta(description="Whole and relative; 0 takes no part. They must add up to more than 0.")
_LABEL = Meta(description="A name for people, or null.", extra_json_schema={"maxLength": 255})


class AgencyVariant(msgspec.Struct, frozen=True):
    """One of several destinations."""

    url: Annotated[str, _URL]
    weight: Annotated[int, _WEIGHT]
    label: Annotated[str | None, _LABEL]


class NewAgencyVariant(msgspec.Struct, frozen=True):
    """Only `url` is needed."""

    url: Annotated[str, _URL]
    weight: Annotated[int, _WEIGHT] = 100
    label: Annotated[str | None, _LABEL] = None


class AgencyCode(msgspec.Struct, frozen=True):
    """A dynamic QR, the same wherever it is answered."""

    id: Annotated[int, Meta(description="For ever the same, and never used again.")]
    short_id: Annotated[str, Meta(description="What stands in the symbol, and in the paths here.")]
    name: Annotated[str, _NAME]
    destination_url: Annotated[str, _URL]
    variants: Annotated[list[AgencyVariant], _VARIANTS]
    is_active: Annotated[bool, _ACTIVE]
    scan_count: Annotated[int, Meta(description="Scans of all time, those by programs included.")]
    last_scanned_at: Annotated[str | None, Meta(description="Null without scans.")]
    destination_changes_count: Annotated[int, Meta(description="How often `destination_url` was changed.")]
    public_url: Annotated[str, Meta(description="What the symbol holds.", extra_json_schema={"format": "uri"})]
    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    updated_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class NewAgencyCode(msgspec.Struct, frozen=True):
    name: Annotated[str, _NAME]
    destination_url: Annotated[str, _URL]
    is_active: Annotated[bool, _ACTIVE] | UnsetType = UNSET
    variants: Annotated[list[NewAgencyVariant], _VARIANTS] | UnsetType = UNSET


class AgencyCodeEdit(msgspec.Struct, frozen=True):
    """What is left out stays as it is."""

    name: Annotated[str, _NAME] | UnsetType = UNSET
    destination_url: Annotated[str, _URL] | UnsetType = UNSET
    is_active: Annotated[bool, _ACTIVE] | UnsetType = UNSET
    variants: Annotated[list[NewAgencyVariant], _VARIANTS] | UnsetType = UNSET


class AgencyCodePage(msgspec.Struct, frozen=True):
    count: Annotated[int, Meta(description="How many there are on all pages.")]
    next: Annotated[str | None, Meta(description="The address of the next page; null on the last.")]
    previous: Annotated[str | None, Meta(description="The address of the page before; null on the first.")]
    results: Annotated[list[AgencyCode], Meta(description="Newest first.")]


def public_url(host: str, slug: str, base: str) -> str:
    """What the symbol of a code holds."""
    return f"{f'https://{host}' if host else base}/q/{slug}/"


def second(at_ms: int) -> str:
    """`2026-05-21T15:00:00Z`"""
    return moment(at_ms // 1000 * 1000)


def variant(one: Variant) -> AgencyVariant:
    """An inactive one takes no part, which here is said by its weight."""
    return AgencyVariant(one.url, one.weight if one.active else 0, one.label)


def agency_code(code: Code, scans: Total, base: str) -> AgencyCode:
    here = public_url(code.host, code.slug, base)
    return AgencyCode(
        id=code.number,
        short_id=code.slug,
        name=code.label or "",
        destination_url=code.destination if is_link(code.type) else here,
        variants=[variant(one) for one in code.variants],
        is_active=code.status == "active",
        scan_count=scans.n,
        last_scanned_at=None if scans.last is None else second(int(scans.last.timestamp() * 1000)),
        destination_changes_count=code.destination_changes,
        public_url=here,
        created_at=second(code.created_at_ms),
        updated_at=second(code.updated_at_ms),
    )
