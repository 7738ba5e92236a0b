"""The codes of `/api/v1` on the wire: structs that are answers and bodies, and whose JSON schemas are the
documentation."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

MAX_NAME = 120
MAX_URL = 2000

_NAME = Meta(
    description="An internal name; scanners never see it. Codes that another API made without one read as empty; a "
    "blank name is refused.",
    extra_json_schema={"maxLength": MAX_NAME},
)
_URL = Meta(
    description="Where scans go: a public http(s) address. A code that shows a page has its own short link, and "
    "writing this is 409.",
    extra_json_schema={"format": "iri", "maxLength": MAX_URL},
)
_ACTIVE = Meta(description="If false, scans get a page instead of a redirect.")
_VARIANTS = Meta(
    description="Destinations that share the scans. While there are any, `destination_url` is unused; an empty list "
    "goes back to it. Writing replaces all. 403 on some plans.",
    extra_json_schema={"maxItems": 10},
)
_WEIGHT = Meta(
    description="Its share of the scans, relative to the others; 0 gets none. Whole numbers that add up to more than 0."
)
_LABEL = Meta(description="A name for people, or null.", extra_json_schema={"maxLength": 255})


class AgencyVariant(msgspec.Struct, frozen=True):
    """One of several destinations."""

    url: Annotated[str, _URL]
    weight: Annotated[int, _WEIGHT]
    label: Annotated[str | None, _LABEL]


class NewAgencyVariant(msgspec.Struct, frozen=True):
    """Only `url` is required."""

    url: Annotated[str, _URL]
    weight: Annotated[int, _WEIGHT] = 100
    label: Annotated[str | None, _LABEL] = None


class AgencyCode(msgspec.Struct, frozen=True):
    """A dynamic QR, the same in every answer."""

    id: Annotated[int, Meta(description="Never changes, and is never used again.")]
    short_id: Annotated[str, Meta(description="The slug of the short link, and the id in paths.")]
    name: Annotated[str, _NAME]
    destination_url: Annotated[str, _URL]
    variants: Annotated[list[AgencyVariant], _VARIANTS]
    is_active: Annotated[bool, _ACTIVE]
    scan_count: Annotated[int, Meta(description="Scans of all time, those by programs included.")]
    last_scanned_at: Annotated[str | None, Meta(description="Null without scans.")]
    destination_changes_count: Annotated[int, Meta(description="How often `destination_url` was changed.")]
    public_url: Annotated[str, Meta(description="What the QR code holds.", extra_json_schema={"format": "uri"})]
    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    updated_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class NewAgencyCode(msgspec.Struct, frozen=True):
    name: Annotated[str, _NAME]
    destination_url: Annotated[str, _URL]
    is_active: Annotated[bool, _ACTIVE] | UnsetType = UNSET
    variants: Annotated[list[NewAgencyVariant], _VARIANTS] | UnsetType = UNSET


class AgencyCodeEdit(msgspec.Struct, frozen=True):
    """Fields that are left out keep their values."""

    name: Annotated[str, _NAME] | UnsetType = UNSET
    destination_url: Annotated[str, _URL] | UnsetType = UNSET
    is_active: Annotated[bool, _ACTIVE] | UnsetType = UNSET
    variants: Annotated[list[NewAgencyVariant], _VARIANTS] | UnsetType = UNSET


class AgencyCodePage(msgspec.Struct, frozen=True):
    count: Annotated[int, Meta(description="The entries of all pages.")]
    next: Annotated[str | None, Meta(description="The address of the next page; null on the last.")]
    previous: Annotated[str | None, Meta(description="The address of the previous page; null on the first.")]
    results: Annotated[list[AgencyCode], Meta(description="Newest first.")]
