"""Options of a code beyond a fixed redirect, stored in codes and copied to routes.

`codes` validates and normalises them; redirectors rely on that.
"""

from typing import Any, Literal

import msgspec

Query = Literal["drop", "append", "override"]
Sticky = Literal["visitor", "cookie", "none"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Variant(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of several destinations. `id` and `key` are its own for ever; weights are relative."""

    id: str
    key: str
    url: str
    weight: int = 100
    label: str | None = None
    active: bool = True


class Former(msgspec.Struct, frozen=True, omit_defaults=True):
    """A variant that is there no longer, or a rule (`rule`), of which `url` is where it led. `shown` is what its key
    read as, where that was another letter."""

    id: str
    key: str
    url: str
    label: str | None = None
    rule: bool = False
    shown: str = ""


class Conditions(msgspec.Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """Within one condition any value will do; of those that are given `match` says whether all must
    hold or any. What is left empty is not asked for. Country codes are in upper case; device, os, browser, city,
    region and language are compared without regard to case (a language `de` holds for `de-AT`)."""

    country: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    city: tuple[str, ...] = ()
    device: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    browser: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    days: tuple[Weekday, ...] = ()
    # Minutes after midnight in `zone`, first included, last not; first above last: past midnight.
    hours: tuple[tuple[int, int], ...] = ()
    # An IANA time zone; empty: UTC.
    zone: str = ""
    # Unix milliseconds: `from` included, `to` not.
    since: int | None = None
    until: int | None = None
    # Parameter of the scan's query → values, any of which will do; none given: its being there.
    query: dict[str, tuple[str, ...]] = {}
    match: Literal["all", "any"] = "all"


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, rename={"when": "if"}):
    """Where the scans go that meet the conditions. The first rule that fits is taken, before any variant."""

    id: str
    key: str
    when: Conditions
    to: str
    label: str | None = None
    active: bool = True


class Apps(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where iOS and Android are sent instead (https universal links, or a scheme that the workspace allows)."""

    ios: str = ""
    android: str = ""


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a code that is not a link shows: a page of this type (`reference`: Qravio's types)."""

    type: str
    data: Any = None
    design: dict[str, Any] | None = None
