"""Qravio's API on the wire: structs that are answers and bodies, and whose JSON schemas are the documentation."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.content_schema import Content
from codes.passwords import MAX_PASSWORD, MIN_PASSWORD

Category = Annotated[
    Literal["dynamic", "static"],
    Meta(
        description="`dynamic`: a short link whose destination can be edited; `static`: the symbol holds the content."
    ),
]
Status = Annotated[
    Literal["active", "inactive"], Meta(description="Scans of `inactive` codes get a page that says so.")
]
_UUID = {"format": "uuid"}
_TIME = {"format": "date-time"}
_NAME = Meta(description="Display name.", extra_json_schema={"maxLength": 255})
_TYPE = Meta(
    description="QR type: decides which field of `content` counts.", examples=["website", "vcard_plus", "wifi"]
)
_CONTENT = Meta(
    description="What the type needs. A `website` needs `url`, which equals the first destination; written alone "
    "it changes the destination of a code that has only one."
)
_FOLDER = Meta(description="The folder that the code is in, or null.", extra_json_schema=_UUID)
_DOMAIN = Meta(
    description="The verified custom domain of the short link; null: the default one.", extra_json_schema=_UUID
)
_DESIGN = Meta(
    description="Dots, colors, logo, frame, output: returned as sent, and drawn as far as possible; at most 16 KB."
)
_PAGE_DESIGN = Meta(description="The theme of the page that page types show; at most 16 KB.")
_DESTINATIONS = Meta(
    description="Where scans go. Destinations without `rules` share the scans by weight, at most 10; those with "
    "`rules` are tried first, in order, at most 50. A dynamic `website` needs an active one without rules. The "
    "destination of a code that shows a page is its own short link."
)
_PASSWORD = Meta(
    description=f"Asked for before anything else is shown; {MIN_PASSWORD}–{MAX_PASSWORD} characters. "
    "Only a hash is stored.",
    extra_json_schema={"minLength": MIN_PASSWORD, "maxLength": MAX_PASSWORD, "writeOnly": True},
)
_TARGET = Meta(
    description="A public http(s) address.",
    examples=["https://example.com/spring"],
    extra_json_schema={"format": "iri", "maxLength": 2048},
)
_WEIGHT = Meta(description="Its share of the scans, 0–100 (100 by default); null if it has rules.")
_ACTIVE = Meta(description="Whether it gets scans; true by default.")
_LABEL = Meta(description="A name for people, or null.", extra_json_schema={"maxLength": 255})
_KEY = Meta(
    description="Its letter, under which scans are counted: a, b, c, … An entry that is sent with the id, the letter "
    "or else the address of an existing one keeps both; a letter never passes to another entry."
)
_RULES = Meta(
    description="Conditions of country, region, city, device, os, browser, language, days, hours, from, to, zone and "
    "query (`/v1` has the same under `if`); null for none."
)


class QravioDestination(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(description="Never changes.", extra_json_schema=_UUID)]
    target_url: Annotated[str, _TARGET]
    weight: Annotated[int | None, _WEIGHT]
    is_active: Annotated[bool, _ACTIVE]
    label: Annotated[str | None, _LABEL]
    variant_key: Annotated[str, _KEY]
    rules: Annotated[dict[str, Any] | None, _RULES]


class NewQravioDestination(msgspec.Struct, frozen=True):
    """Only `target_url` is needed."""

    target_url: Annotated[str, _TARGET]
    weight: Annotated[int | None, _WEIGHT] = None
    is_active: Annotated[bool | None, _ACTIVE] = None
    label: Annotated[str | None, _LABEL] = None
    variant_key: Annotated[str | None, _KEY] = None
    rules: Annotated[dict[str, Any] | None, _RULES] = None
    id: str | None = None


class QravioCode(msgspec.Struct, frozen=True):
    """A QR code, the same wherever it is answered."""

    id: Annotated[str, Meta(description="Never changes.", extra_json_schema=_UUID)]
    workspace_id: Annotated[str, Meta(extra_json_schema=_UUID)]
    name: Annotated[str, _NAME]
    type: Annotated[str, _TYPE]
    category: Category
    short_code: Annotated[str | None, Meta(description="The last part of the short link; null if static.")]
    status: Status
    folder_id: Annotated[str | None, _FOLDER]
    custom_domain_id: Annotated[str | None, _DOMAIN]
    ab_enabled: Annotated[bool, Meta(description="Whether more than one active destination has no rules.")]
    is_password_protected: Annotated[bool, Meta(description="Whether a password is asked for.")]
    destinations: Annotated[list[QravioDestination], _DESTINATIONS]
    design: Annotated[dict[str, Any] | None, _DESIGN]
    page_design: Annotated[dict[str, Any] | None, _PAGE_DESIGN]
    content: Annotated[Content | None, _CONTENT]
    total_scans: Annotated[int, Meta(description="Every scan ever, those of programs too.")]
    created_by: Annotated[str | None, Meta(description="The id of the API key that made it.")]
    created_at: Annotated[str, Meta(extra_json_schema=_TIME)]
    updated_at: Annotated[str, Meta(extra_json_schema=_TIME)]


class NewQravioCode(msgspec.Struct, frozen=True):
    """Unknown fields are ignored."""

    name: Annotated[str, _NAME]
    type: Annotated[str, _TYPE]
    category: Category
    content: Annotated[Content, _CONTENT]
    destinations: Annotated[list[NewQravioDestination] | None, _DESTINATIONS] = None
    status: Status | None = None
    folder_id: Annotated[str | None, _FOLDER] = None
    custom_domain_id: Annotated[str | None, _DOMAIN] = None
    design: Annotated[dict[str, Any] | None, _DESIGN] = None
    page_design: Annotated[dict[str, Any] | None, _PAGE_DESIGN] = None
    password: Annotated[str | None, _PASSWORD] = None


class QravioCodeEdit(msgspec.Struct, frozen=True):
    """Fields that are left out keep their values. Unknown and read-only fields are ignored."""

    name: Annotated[str, _NAME] | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    content: Annotated[Content, _CONTENT] | UnsetType = UNSET
    destinations: Annotated[list[NewQravioDestination], _DESTINATIONS] | UnsetType = UNSET
    design: Annotated[dict[str, Any] | None, _DESIGN] | UnsetType = UNSET
    page_design: Annotated[dict[str, Any] | None, _PAGE_DESIGN] | UnsetType = UNSET
    folder_id: Annotated[str | None, _FOLDER] | UnsetType = UNSET
    custom_domain_id: Annotated[str | None, _DOMAIN] | UnsetType = UNSET
    password: Annotated[str, _PASSWORD] | UnsetType = UNSET
    remove_password: Annotated[bool, Meta(description="True removes the password.")] | UnsetType = UNSET


class QravioDay(msgspec.Struct, frozen=True):
    date: Annotated[str, Meta(description="A UTC day.", extra_json_schema={"format": "date"})]
    scans: int


class QravioDevices(msgspec.Struct, frozen=True):
    """They add up to `total_scans`."""

    mobile: int
    tablet: int
    desktop: int
    bot: Annotated[int, Meta(description="Everything but people: crawlers, programs, link previews, prefetches.")]
    unknown: Annotated[int, Meta(description="People on other devices; left out if it is 0.")] | UnsetType = UNSET


class QravioAnalytics(msgspec.Struct, frozen=True):
    """Everything but `daily_scans` is of all time. Every kind of scan counts, except in `unique_scans`."""

    total_scans: int
    unique_scans: Annotated[int, Meta(description="Different people per UTC day, added up.")]
    scans_today: Annotated[int, Meta(description="Scans so far in the current UTC day.")]
    wow_change: Annotated[
        float,
        Meta(description="The last 7 days against the 7 before, in percent: from none 100.0, from none to none 0.0."),
    ]
    daily_scans: Annotated[
        list[QravioDay],
        Meta(
            description="A count for each day, oldest first: since its creation, or as many days as the plan retains "
            "(365)."
        ),
    ]
    scans_by_device: QravioDevices
    scans_by_country: Annotated[dict[str, int], Meta(description="Two letters, or `Unknown`. Most first.")]
    last_scanned_at: Annotated[str | None, Meta(description="The latest scan.", extra_json_schema=_TIME)]
