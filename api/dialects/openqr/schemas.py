"""The codes of `/v1` on the wire: structs that are answers and bodies, and whose JSON schemas are the documentation."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.content_schema import Content
from codes.aliases import MAX_ALIASES
from codes.passwords import MAX_PASSWORD, MIN_PASSWORD

_DESTINATION = Meta(
    description="Where scans go: a public http(s) address. Private and internal hosts, and the service's own short "
    "host, are refused. A code whose `type` is not `website` has none: it reads as its short link, and writing it is "
    "409.",
    examples=["https://example.com/spring-launch"],
    extra_json_schema={"format": "iri", "maxLength": 2048},
)
_LABEL = Meta(description="An internal name, or null for none.", extra_json_schema={"maxLength": 255})
_SLUG = Meta(
    description="The last part of the short link: 3–48 of `a-z`, `0-9` and `-`, no hyphen first, last or doubled. "
    "Seven random characters if left out at creation. 409 if it is taken.",
    extra_json_schema={"minLength": 3, "maxLength": 48, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
)
_ALIASES = Meta(
    description="Further slugs of the code, in its domain; their scans are its scans. Each has the "
    "form of a slug, or of several slugs joined by `/`, 48 characters in all. Writing replaces the whole "
    "list: aliases that are left out stop resolving. 409 if one is taken.",
    examples=[["spring-sale", "posters/spring"]],
    extra_json_schema={"maxItems": MAX_ALIASES},
)
_KEEP_OLD = Meta(description="With a new `slug`: the old one becomes one of the `aliases` and keeps working.")
_TAGS = Meta(
    description="Lower-cased, each once. Writing replaces the whole set.",
    extra_json_schema={"maxItems": 10},
)
_FOLDER = Meta(description="The code's folder, or null.")
_STYLE = Meta(
    description="How the code's image is drawn; at most 16 KB. A style that could not be drawn, or whose colours "
    "could not be scanned, is refused."
)
_STATUS = Meta(description="`paused` codes show a page instead of redirecting, until they are `active` again.")
_DOMAIN = Meta(description="The custom domain of the code's short link; null for the default one.")
_TYPE = Meta(
    description="`website` codes redirect; any other type shows a page made of `content`. `website` if left out at "
    "creation. An edit that makes a page a `website` needs a `destination` (409).",
    examples=["website", "vcard_plus", "landing_page"],
)
_CONTENT = Meta(
    description="What the page shows; which of its fields counts depends on `type`. Null for codes that redirect."
)
_PAGE_DESIGN = Meta(description="The page's theme; at most 16 KB.")
_STARTS_AT = Meta(
    description="Until this moment scans get the page of an unknown code (404). Null: no start.",
    extra_json_schema={"format": "date-time"},
)
_EXPIRES_AT = Meta(
    description="From this moment on scans get a page (410), or go to `expired_destination`. May lie in the past. "
    "Null: never.",
    extra_json_schema={"format": "date-time"},
)
_EXPIRED_DESTINATION = Meta(description="Where scans go once the code is expired or over its limit; null for a page.")
_SCAN_LIMIT = Meta(
    description="How many scans by people pass; further ones are answered as expired. Null: all.",
    extra_json_schema={"minimum": 1},
)
_PASSWORD = Meta(
    description=f"Asked for before anything else is shown; {MIN_PASSWORD}–{MAX_PASSWORD} characters. "
    "Only a hash is stored, and no answer has it. Null removes it.",
    extra_json_schema={"minLength": MIN_PASSWORD, "maxLength": MAX_PASSWORD, "writeOnly": True},
)
_LOCKED = Meta(description="A locked code refuses every edit (409) except of `locked`. It can be deleted.")
_QUERY = Meta(
    description="What happens to the query parameters of a scanned short link: they are dropped, appended to the "
    "destination's, or override those with the same name."
)
_VARIANTS = Meta(
    description="Destinations that share the scans. While one is active, `destination` is unused. Writing replaces "
    "all; an empty list goes back to `destination`.",
    extra_json_schema={"maxItems": 10},
)
_RULES = Meta(
    description="Tried in order, before the variants. Writing replaces all.",
    extra_json_schema={"maxItems": 50},
)
_STICKY = Meta(
    description="How a scanner keeps its variant: `visitor`, for the UTC day and without a cookie; `cookie`, longer; "
    "or `none`."
)
_APPS = Meta(description="Where phones go instead of `destination`, so that an app opens; null for none.")
_UTM = Meta(
    description="Defaults for `source`, `medium`, `campaign`, `term` and `content`, added to destinations that lack "
    "them. Names with the prefix (`utm_source`, …) may be written too.",
)

Query = Annotated[Literal["drop", "append", "override"], _QUERY]
Sticky = Annotated[Literal["visitor", "cookie", "none"], _STICKY]
Slug = Annotated[str, _SLUG]
Status = Annotated[Literal["active", "paused"], _STATUS]


_URL = {"format": "iri", "maxLength": 2048}
_WEIGHT = Meta(
    description="Its share of the scans, relative to the other active ones. A whole number; 0 for none.",
    extra_json_schema={"minimum": 0},
)
_ENTRY_LABEL = Meta(description="A name for people, or null.", extra_json_schema={"maxLength": 255})
_KEY = Meta(
    description="Its letter, under which its scans are counted: a, b, c, … It never passes to another entry of its "
    "set; a set without any entry of the one before starts at a again. May be left out: an entry with the id, the key "
    "or the URL of an existing one keeps both."
)
_ID = Meta(description="Never changes. May be left out, like `key`.")
_ACTIVE = Meta(description="Whether it gets scans.")
_TARGET = Meta(description="Where its scans go, like `destination`.", extra_json_schema=_URL)
_CONDITIONS = (
    "All conditions that are set must hold (`match: any`: one of them), each for any of its values: `country` (two "
    "letters), `region`, `city`, `device` (mobile, tablet, desktop), `os`, `browser`, `language` (`de` holds for "
    "`de-AT`), `days` (mon to sun, their full names, or 1 for Monday to 7), `hours` (`09:00-17:30`, past midnight "
    "too, or a whole hour 0–23), `from` and `to` (times with a zone, or dates, of which `to` is the last), `zone` (of "
    "days, hours and dates; UTC by default), `query` (parameter to value, list of values, or true for any value)."
)


class Variant(msgspec.Struct, frozen=True):
    """One of several destinations that share the scans. A scanner sees the same one all day (see `sticky`)."""

    url: Annotated[str, _TARGET]
    weight: Annotated[int, _WEIGHT]
    label: Annotated[str | None, _ENTRY_LABEL]
    key: Annotated[str, _KEY]
    active: Annotated[bool, _ACTIVE]
    id: Annotated[str, _ID]


class NewVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only `url` is required."""

    url: Annotated[str, _TARGET]
    weight: Annotated[int, _WEIGHT] = 100
    label: Annotated[str | None, _ENTRY_LABEL] = None
    key: Annotated[str | None, _KEY] = None
    active: Annotated[bool, _ACTIVE] = True
    id: Annotated[str | None, _ID] = None


class RuleConditions(msgspec.Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """Conditions that are not set are left out. In a body, each list may also be a single value."""

    country: list[str] = []
    region: list[str] = []
    city: list[str] = []
    device: list[str] = []
    os: list[str] = []
    browser: list[str] = []
    language: list[str] = []
    days: list[str] = []
    hours: Annotated[
        list[str], Meta(description="Like `09:00-17:30`: the first minute is included, the last is not.")
    ] = []
    zone: Annotated[str, Meta(description="A time zone of the IANA database.")] = ""
    since: Annotated[str, Meta(description="The first moment.", extra_json_schema={"format": "date-time"})] = ""
    until: Annotated[str, Meta(description="The moment after.", extra_json_schema={"format": "date-time"})] = ""
    query: Annotated[dict[str, list[str] | bool], Meta(description="Parameter to values; true for any value.")] = {}
    match: Literal["all", "any"] = "all"


class Rule(msgspec.Struct, frozen=True, rename={"when": "if"}):
    """The first rule that matches wins, before any variant."""

    when: Annotated[RuleConditions, Meta(description=_CONDITIONS)]
    to: Annotated[str, _TARGET]
    label: Annotated[str | None, _ENTRY_LABEL]
    key: Annotated[str, _KEY]
    active: Annotated[bool, _ACTIVE]
    id: Annotated[str, _ID]


class NewRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"when": "if"}):
    """Only `if` and `to` are required."""

    when: Annotated[dict[str, Any], Meta(description=_CONDITIONS)]
    to: Annotated[str, _TARGET]
    label: Annotated[str | None, _ENTRY_LABEL] = None
    key: Annotated[str | None, _KEY] = None
    active: Annotated[bool, _ACTIVE] = True
    id: Annotated[str | None, _ID] = None


class AppLinks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Links that an installed app opens. `https` only, unless the workspace allows another scheme."""

    ios: Annotated[str | None, Meta(description="For iPhones and iPads.")] = None
    android: Annotated[str | None, Meta(description="For Android.")] = None


class DynamicCode(msgspec.Struct, frozen=True):
    """A code, the same in every answer."""

    id: Annotated[str, Meta(description="Never changes.", extra_json_schema={"format": "uuid"})]
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
    page_design: Annotated[dict[str, Any] | None, _PAGE_DESIGN]
    starts_at: Annotated[str | None, _STARTS_AT]
    expires_at: Annotated[str | None, _EXPIRES_AT]
    expired_destination: Annotated[str | None, _EXPIRED_DESTINATION]
    scan_limit: Annotated[int | None, _SCAN_LIMIT]
    has_password: Annotated[bool, Meta(description="Whether a password is set.")]
    locked: Annotated[bool, _LOCKED]
    query: Query
    variants: Annotated[list[Variant], _VARIANTS]
    rules: Annotated[list[Rule], _RULES]
    sticky: Sticky
    apps: Annotated[AppLinks | None, _APPS]
    utm: Annotated[dict[str, str], _UTM]


class NewDynamicCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only `destination` is required; for a type other than `website`, `type` and `content` instead."""

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
    page_design: Annotated[dict[str, Any] | None, _PAGE_DESIGN] | UnsetType = UNSET
    starts_at: Annotated[str | None, _STARTS_AT] | UnsetType = UNSET
    expires_at: Annotated[str | None, _EXPIRES_AT] | UnsetType = UNSET
    expired_destination: Annotated[str | None, _EXPIRED_DESTINATION] | UnsetType = UNSET
    scan_limit: Annotated[int | None, _SCAN_LIMIT] | UnsetType = UNSET
    password: Annotated[str | None, _PASSWORD] | UnsetType = UNSET
    locked: Annotated[bool, _LOCKED] | UnsetType = UNSET
    query: Query | UnsetType = UNSET
    variants: Annotated[list[NewVariant], _VARIANTS] | UnsetType = UNSET
    rules: Annotated[list[NewRule], _RULES] | UnsetType = UNSET
    sticky: Sticky | UnsetType = UNSET
    apps: Annotated[AppLinks | None, _APPS] | UnsetType = UNSET
    utm: Annotated[dict[str, str], _UTM] | UnsetType = UNSET


class DynamicCodeEdit(NewDynamicCode, frozen=True, forbid_unknown_fields=True):
    """Fields that are left out keep their values."""

    keep_old: Annotated[bool, _KEEP_OLD] | UnsetType = UNSET


class DynamicCodePage(msgspec.Struct, frozen=True):
    codes: Annotated[list[DynamicCode], Meta(description="Newest first.")]
    next_cursor: Annotated[str | None, Meta(description="Send it as `cursor` for the next page; null on the last.")]


class Deleted(msgspec.Struct, frozen=True):
    deleted: Literal[True] = True
