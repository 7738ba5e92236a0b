"""What `/v1` reads and writes. These structs are the answers, and their JSON schemas the documentation."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schemas.code import Code

_DESTINATION = Meta(
    description="Where a scan is sent: a public http(s) address. Private and internal hosts, and our own short host, "
    "are refused.",
    examples=["https://example.com/spring-launch"],
    extra_json_schema={"format": "iri", "maxLength": 2048},
)
_LABEL = Meta(description="An internal name, or null for none.", extra_json_schema={"maxLength": 255})
_SLUG = Meta(
    description="The last part of the short link: 3–48 of `a-z`, `0-9` and `-`, no hyphen first, last or doubled. "
    "Left out at creation: seven random characters. 409 when it is taken.",
    extra_json_schema={"minLength": 3, "maxLength": 48, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
)
_TAGS = Meta(
    description="Lower-cased, each once. Writing replaces the whole set.",
    extra_json_schema={"maxItems": 10},
)
_FOLDER = Meta(description="The folder that the code is filed in, or null.")
_STYLE = Meta(description="How the image of the code is drawn; at most 16 KB.")
_STATUS = Meta(description="`paused` codes show a page instead of redirecting, until they are `active` again.")
_DOMAIN = Meta(description="The custom domain of the code's short link; null for the default one.")

Slug = Annotated[str, _SLUG]
Status = Annotated[Literal["active", "paused"], _STATUS]


class DynamicCode(msgspec.Struct, frozen=True):
    """A code, the same wherever it is answered."""

    id: Annotated[str, Meta(description="For ever the same.", extra_json_schema={"format": "uuid"})]
    slug: Annotated[str, Meta(description="The last part of the short link.")]
    short_url: Annotated[str, Meta(description="What to print.", extra_json_schema={"format": "uri"})]
    destination: Annotated[str, _DESTINATION]
    label: Annotated[str | None, _LABEL]
    status: Status
    created_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    updated_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    tags: Annotated[list[str], _TAGS]
    folder_id: Annotated[str | None, _FOLDER]
    style: Annotated[dict[str, Any] | None, _STYLE]
    domain: Annotated[str | None, _DOMAIN]


class NewDynamicCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only `destination` is needed."""

    destination: Annotated[str, _DESTINATION]
    label: Annotated[str | None, _LABEL] | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    tags: Annotated[list[str], _TAGS] | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    style: Annotated[dict[str, Any], _STYLE] | UnsetType = UNSET
    folder_id: Annotated[str | None, _FOLDER] | UnsetType = UNSET
    domain: Annotated[str | None, _DOMAIN] | UnsetType = UNSET


class DynamicCodeEdit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    destination: Annotated[str, _DESTINATION] | UnsetType = UNSET
    label: Annotated[str | None, _LABEL] | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    tags: Annotated[list[str], _TAGS] | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    style: Annotated[dict[str, Any], _STYLE] | UnsetType = UNSET
    folder_id: Annotated[str | None, _FOLDER] | UnsetType = UNSET
    domain: Annotated[str | None, _DOMAIN] | UnsetType = UNSET


class DynamicCodePage(msgspec.Struct, frozen=True):
    codes: Annotated[list[DynamicCode], Meta(description="Newest first.")]
    next_cursor: Annotated[str | None, Meta(description="Send it as `cursor` for the next page; null on the last.")]


class Deleted(msgspec.Struct, frozen=True):
    deleted: Literal[True] = True


class ScanTotals(msgspec.Struct, frozen=True):
    """Whatever the window."""

    total: Annotated[int, Meta(description="Scans by people, ever.")]
    last7: Annotated[int, Meta(description="Scans of the last seven UTC days, today included.")]
    topCountry: Annotated[str | None, Meta(description="The commonest country ever; null without scans.")]
    topDevice: Annotated[str | None, Meta(description="The commonest device class ever; null without scans.")]


class DayCount(msgspec.Struct, frozen=True):
    day: Annotated[str, Meta(description="A UTC day.", extra_json_schema={"format": "date"})]
    n: int


class ValueCount(msgspec.Struct, frozen=True):
    value: str
    n: int


class ScanAnalytics(msgspec.Struct, frozen=True):
    """The breakdowns are of the window: the commonest eight values, ties in the order of the value."""

    days_window: Annotated[int, Meta(description="The days asked for, brought into 1–365.")]
    total: Annotated[int, Meta(description="The same as `scans.total`.")]
    window_total: Annotated[int, Meta(description="Scans in the window.")]
    daily: Annotated[list[DayCount], Meta(description="A count for each day of the window, oldest first.")]
    by_country: list[ValueCount]
    by_device: list[ValueCount]
    by_referrer: list[ValueCount]


class Scans(msgspec.Struct, frozen=True):
    id: str
    slug: str
    short_url: str
    destination: str
    scans: ScanTotals
    analytics: ScanAnalytics


def moment(at_ms: int) -> str:
    """`2026-05-21T15:00:00Z`"""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def short_url(code: Code, base: str) -> str:
    """A code on a custom domain has that domain's link, any other the default one's."""
    return f"{f'https://{code.host}' if code.host else base}/{code.slug}"


def dynamic_code(code: Code, base: str) -> DynamicCode:
    return DynamicCode(
        id=code.id,
        slug=code.slug,
        short_url=short_url(code, base),
        destination=code.destination,
        label=code.label,
        status=code.status,
        created_at=moment(code.created_at_ms),
        updated_at=moment(code.updated_at_ms),
        tags=list(code.tags),
        folder_id=code.folder_id,
        style=code.style,
        domain=code.host or None,
    )
