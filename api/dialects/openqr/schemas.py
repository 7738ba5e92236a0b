"""What `/v1` reads and writes. These structs are the answers, and their JSON schemas the documentation."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.content_schema import Content
from api.dialects.openqr.parts import AppLinks, NewRule, NewVariant, Rule, Variant, app_links, rule, variant
from api.responses import short_url
from codes.aliases import MAX_ALIASES
from codes.passwords import LONGEST, SHORTEST
from codes.scan_options import is_link
from codes.timestamps import shown as moment
from codes.variants import shown_key
from schemas.code import Code

_DESTINATION = Meta(
    description="Where a scan is sent: a public http(s) address. Private and internal hosts, and our own short host, "
    "are refused. A code of another `type` than `website` has none: it reads as its short link, and writing it is 409.",
    examples=["https://example.com/spring-launch"],
    extra_json_schema={"format": "iri", "maxLength": 2048},
)
_LABEL = Meta(description="An internal name, or null for none.", extra_json_schema={"maxLength": 255})
_SLUG = Meta(
    description="The last part of the short link: 3–48 of `a-z`, `0-9` and `-`, no hyphen first, last or doubled. "
    "Left out at creation: seven random characters. 409 when it is taken.",
    extra_json_schema={"minLength": 3, "maxLength": 48, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
)
_ALIASES = Meta(
    description="Further slugs that lead where the code leads, in its domain; their scans are its scans. Each has the "
    "form of a slug, or several such parts with `/` between them, 48 characters in all. Writing replaces the whole "
    "list: what is left out stops resolving. 409 when one is taken.",
    examples=[["spring-sale", "posters/spring"]],
    extra_json_schema={"maxItems": MAX_ALIASES},
)
_KEEP_OLD = Meta(description="Beside a new `slug`: the old one becomes one of the `aliases`, and stays alive.")
_TAGS = Meta(
    description="Lower-cased, each once. Writing replaces the whole set.",
    extra_json_schema={"maxItems": 10},
)
_FOLDER = Meta(description="The folder that the code is filed in, or null.")
_STYLE = Meta(
    description="How the image of the code is drawn; at most 16 KB. One that could not be drawn, or not be read for "
    "its colours, is refused."
)
_STATUS = Meta(description="`paused` codes show a page instead of redirecting, until they are `active` again.")
_DOMAIN = Meta(description="The custom domain of the code's short link; null for the default one.")
_TYPE = Meta(
    description="`website` codes redirect; any other type shows a page made of `content`. A code that is made without "
    "one is a `website`. An edit that would make a page a `website` needs a `destination` (409).",
    examples=["website", "vcard_plus", "landing_page"],
)
_CONTENT = Meta(description="What the page shows; which field it is depends on `type`. Null for codes that redirect.")
_DESIGN = Meta(description="The page's theme; at most 16 KB.")
_STARTS = Meta(
    description="Before this moment the code is answered as unknown (404). Null: from the beginning.",
    extra_json_schema={"format": "date-time"},
)
_EXPIRES = Meta(
    description="From this moment on a scan gets a page (410), or `expired_destination`. May lie in the past. "
    "Null: never.",
    extra_json_schema={"format": "date-time"},
)
_EXPIRED = Meta(description="Where scans are sent once the code is expired or over its limit; null for a page.")
_LIMIT = Meta(
    description="How many scans by people are let through; those that follow are answered as expired. Null: all.",
    extra_json_schema={"minimum": 1},
)
_PASSWORD = Meta(
    description=f"Asked for before anything else is shown; {SHORTEST}–{LONGEST} characters. Only a hash of it is kept, "
    "and no answer has it. Null takes it away.",
    extra_json_schema={"minLength": SHORTEST, "maxLength": LONGEST, "writeOnly": True},
)
_LOCKED = Meta(description="A locked code refuses every edit (409) but that of `locked`. It can be deleted.")
_QUERY = Meta(
    description="What becomes of the parameters that stand behind a scanned short link: dropped, appended to the "
    "destination's, or put in the place of those with the same name."
)
_VARIANTS = Meta(
    description="Destinations that share the scans. While there are active ones, `destination` waits. Writing replaces "
    "all; an empty list leaves `destination` alone.",
    extra_json_schema={"maxItems": 10},
)
_RULES = Meta(
    description="Looked at in order, before the variants. Writing replaces all.",
    extra_json_schema={"maxItems": 50},
)
_STICKY = Meta(
    description="How a scanner keeps seeing the same variant: for the UTC day, without a cookie; longer, with one; or "
    "not at all."
)
_APPS = Meta(description="Where phones are sent instead of `destination`, so that an app opens; null for nowhere else.")
_UTM = Meta(
    description="Defaults for `source`, `medium`, `campaign`, `term` and `content`, added to destinations that have "
    "none of that name. `utm_source` and so on may be written too.",
)

Query = Annotated[Literal["drop", "append", "override"], _QUERY]
Sticky = Annotated[Literal["visitor", "cookie", "none"], _STICKY]
Slug = Annotated[str, _SLUG]
Status = Annotated[Literal["active", "paused"], _STATUS]


class DynamicCode(msgspec.Struct, frozen=True):
    """A code, the same wherever it is answered."""

    id: Annotated[str, Meta(description="For ever the same.", extra_json_schema={"format": "uuid"})]
    slug: Annotated[str, Meta(description="The last part of the short link.")]
    aliases: Annotated[list[str], _ALIASES]
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
    type: Annotated[str, _TYPE]
    content: Annotated[Content | None, _CONTENT]
    page_design: Annotated[dict[str, Any] | None, _DESIGN]
    starts_at: Annotated[str | None, _STARTS]
    expires_at: Annotated[str | None, _EXPIRES]
    expired_destination: Annotated[str | None, _EXPIRED]
    scan_limit: Annotated[int | None, _LIMIT]
    has_password: Annotated[bool, Meta(description="Whether a password is set.")]
    locked: Annotated[bool, _LOCKED]
    query: Query
    variants: Annotated[list[Variant], _VARIANTS]
    rules: Annotated[list[Rule], _RULES]
    sticky: Sticky
    apps: Annotated[AppLinks | None, _APPS]
    utm: Annotated[dict[str, str], _UTM]


class NewDynamicCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only `destination` is needed; for another type than `website`, `type` and `content` instead."""

    destination: Annotated[str, _DESTINATION] | UnsetType = UNSET
    label: Annotated[str | None, _LABEL] | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    aliases: Annotated[list[str], _ALIASES] | UnsetType = UNSET
    tags: Annotated[list[str], _TAGS] | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    style: Annotated[dict[str, Any], _STYLE] | UnsetType = UNSET
    folder_id: Annotated[str | None, _FOLDER] | UnsetType = UNSET
    domain: Annotated[str | None, _DOMAIN] | UnsetType = UNSET
    type: Annotated[str, _TYPE] | UnsetType = UNSET
    content: Annotated[Content | None, _CONTENT] | UnsetType = UNSET
    page_design: Annotated[dict[str, Any] | None, _DESIGN] | UnsetType = UNSET
    starts_at: Annotated[str | None, _STARTS] | UnsetType = UNSET
    expires_at: Annotated[str | None, _EXPIRES] | UnsetType = UNSET
    expired_destination: Annotated[str | None, _EXPIRED] | UnsetType = UNSET
    scan_limit: Annotated[int | None, _LIMIT] | UnsetType = UNSET
    password: Annotated[str | None, _PASSWORD] | UnsetType = UNSET
    locked: Annotated[bool, _LOCKED] | UnsetType = UNSET
    query: Query | UnsetType = UNSET
    variants: Annotated[list[NewVariant], _VARIANTS] | UnsetType = UNSET
    rules: Annotated[list[NewRule], _RULES] | UnsetType = UNSET
    sticky: Sticky | UnsetType = UNSET
    apps: Annotated[AppLinks | None, _APPS] | UnsetType = UNSET
    utm: Annotated[dict[str, str], _UTM] | UnsetType = UNSET


class DynamicCodeEdit(NewDynamicCode, frozen=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    keep_old: Annotated[bool, _KEEP_OLD] | UnsetType = UNSET


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

    days_window: Annotated[int, Meta(description="The days asked for, clamped.")]
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


def second(at_ms: int) -> str:
    """`2026-05-21T15:00:00Z`"""
    return moment(at_ms // 1000 * 1000)


def destination(code: Code, base: str) -> str:
    """A code that shows a page leads to itself."""
    return code.destination if is_link(code.type) else short_url(code, base)


def dynamic_code(code: Code, base: str) -> DynamicCode:
    return DynamicCode(
        id=code.id,
        slug=code.slug,
        aliases=list(code.aliases),
        short_url=short_url(code, base),
        destination=destination(code, base),
        label=code.label,
        status=code.status,
        created_at=second(code.created_at_ms),
        updated_at=second(code.updated_at_ms),
        tags=list(code.tags),
        folder_id=code.folder_id,
        style=code.style,
        domain=code.host or None,
        type=code.type,
        content=code.content,
        page_design=code.page_design,
        starts_at=None if code.starts_at_ms is None else moment(code.starts_at_ms),
        expires_at=None if code.expires_at_ms is None else moment(code.expires_at_ms),
        expired_destination=code.expired_destination,
        scan_limit=code.scan_limit,
        has_password=code.password is not None,
        locked=code.locked,
        query=code.query,
        variants=[variant(one, shown_key(code, one.key)) for one in code.variants],
        rules=[rule(one, shown_key(code, one.key)) for one in code.rules],
        sticky=code.sticky,
        apps=app_links(code.apps),
        utm={name.removeprefix("utm_"): value for name, value in code.utm.items()},
    )
