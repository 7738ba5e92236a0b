"""The parts of a code that say what a scan may do, as `/v1` reads and writes them."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from codes import conditions
from schemas import scan_options

_URL = {"format": "iri", "maxLength": 2048}
_WEIGHT = Meta(
    description="Its share of the scans, relative to the other active ones. Whole; 0 for none.",
    extra_json_schema={"minimum": 0},
)
_LABEL = Meta(description="A name for people, or null.", extra_json_schema={"maxLength": 255})
_KEY = Meta(
    description="Its letter, under which its scans are counted: a, b, c, … It passes to no other entry of its set; a "
    "set of which no entry was there before begins at a again. May be left out; an entry that has the id, the key or "
    "the URL of one that is there keeps both."
)
_ID = Meta(description="For ever the same. May be left out, like `key`.")
_ACTIVE = Meta(description="Whether it takes part.")
_TO = Meta(description="Where those scans are sent; as `destination`.", extra_json_schema=_URL)
_IF = (
    "All of these that are given must hold (`match: any`: one of them), each for any of its values: `country` (two "
    "letters), `region`, `city`, `device` (mobile, tablet, desktop), `os`, `browser`, `language` (`de` holds for "
    "`de-AT`), `days` (mon to sun, their full names, or 1 for Monday to 7), `hours` (`09:00-17:30`, past midnight "
    "too, or a whole hour 0–23), `from` and `to` (times with a zone, or dates, of which `to` is the last), `zone` (of "
    "days, hours and dates; UTC if unsaid), `query` (parameter to value, list of values, or true for any value)."
)


class Variant(msgspec.Struct, frozen=True):
    """One of several destinations that share the scans. A scanner sees the same one all day (see `sticky`)."""

    url: Annotated[str, _TO]
    weight: Annotated[int, _WEIGHT]
    label: Annotated[str | None, _LABEL]
    key: Annotated[str, _KEY]
    active: Annotated[bool, _ACTIVE]
    id: Annotated[str, _ID]


class NewVariant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only `url` is needed."""

    url: Annotated[str, _TO]
    weight: Annotated[int, _WEIGHT] = 100
    label: Annotated[str | None, _LABEL] = None
    key: Annotated[str | None, _KEY] = None
    active: Annotated[bool, _ACTIVE] = True
    id: Annotated[str | None, _ID] = None


class RuleConditions(msgspec.Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """What is not asked for is left out. Written, each list may also be one value."""

    country: list[str] = []
    region: list[str] = []
    city: list[str] = []
    device: list[str] = []
    os: list[str] = []
    browser: list[str] = []
    language: list[str] = []
    days: list[str] = []
    hours: Annotated[list[str], Meta(description="Like `09:00-17:30`: the first minute counts, the last not.")] = []
    zone: Annotated[str, Meta(description="A time zone of the IANA database.")] = ""
    since: Annotated[str, Meta(description="The first moment.", extra_json_schema={"format": "date-time"})] = ""
    until: Annotated[str, Meta(description="The moment after.", extra_json_schema={"format": "date-time"})] = ""
    query: Annotated[dict[str, list[str] | bool], Meta(description="Parameter to values; true for any value.")] = {}
    match: Literal["all", "any"] = "all"


class Rule(msgspec.Struct, frozen=True, rename={"when": "if"}):
    """The first rule that fits is taken, before any variant."""

    when: Annotated[RuleConditions, Meta(description=_IF)]
    to: Annotated[str, _TO]
    label: Annotated[str | None, _LABEL]
    key: Annotated[str, _KEY]
    active: Annotated[bool, _ACTIVE]
    id: Annotated[str, _ID]


class NewRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"when": "if"}):
    """Only `if` and `to` are needed."""

    when: Annotated[dict[str, Any], Meta(description=_IF)]
    to: Annotated[str, _TO]
    label: Annotated[str | None, _LABEL] = None
    key: Annotated[str | None, _KEY] = None
    active: Annotated[bool, _ACTIVE] = True
    id: Annotated[str | None, _ID] = None


class AppLinks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Links that an installed app opens. `https` only, unless the workspace allows another scheme."""

    ios: Annotated[str | None, Meta(description="For iPhones and iPads.")] = None
    android: Annotated[str | None, Meta(description="For Android.")] = None


def variant(one: scan_options.Variant, key: str) -> Variant:
    return Variant(one.url, one.weight, one.label, key, one.active, one.id)


def rule(one: scan_options.Rule, key: str) -> Rule:
    when = msgspec.convert(conditions.shown(one.when), RuleConditions)
    return Rule(when, one.to, one.label, key, one.active, one.id)


def app_links(apps: scan_options.Apps | None) -> AppLinks | None:
    return AppLinks(apps.ios or None, apps.android or None) if apps else None
