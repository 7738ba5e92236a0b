"""The metrics, dimensions and operators of questions. The schema endpoint lists them from here."""

from typing import Literal

import msgspec

METRICS = {
    "scans": "How many scans.",
    "visitors": "How many different visitors of a day, added up over the days.",
    "share": "The part of the question's scans, from 0 to 1.",
    "last_scan": "When the latest scan was; null without scans.",
}

OPERATORS = {
    "is": "One of the values.",
    "is_not": "None of the values.",
    "contains": "One of the texts is in it; case matters.",
    "contains_not": "None of the texts is in it.",
    "matches": "One of the RE2 patterns is found in it.",
}
JUNCTIONS = {
    "and": "All of the filters.",
    "or": "At least one of the filters.",
    "not": "Not the filter.",
}

Family = Literal["code", "scan", "time"]


class Dimension(msgspec.Struct, frozen=True):
    """`sql` gives a scan's value over the columns of `scans` (of the family `scan`); `rollup` is its name in the sums
    by value, if it has any."""

    name: str
    family: Family
    about: str
    sql: str = ""
    rollup: str | None = None
    # A code may have several values; it counts in each.
    many: bool = False

    @property
    def filterable(self) -> bool:
        return self.family != "time"


# The value by which the sums know a city, so that cities of one name in two countries are two.
_CITY = "if(city = '' OR country = '', toString(city), concat(city, ', ', country))"

_SCAN = {
    "country": "Two letters (ISO 3166-1).",
    "region": "The region, as the edge or the database names it.",
    "city": "The city with its country: `Lyon, FR`.",
    "device": "mobile, desktop, tablet or another kind of device.",
    "model": "The device's model.",
    "os": "The operating system.",
    "browser": "The browser.",
    "client": "The app or program that asked.",
    "language": "The first language that the scanner prefers.",
    "referrer": "The page that linked here: origin and path.",
    "referrer_host": "The host of that page.",
    "utm_source": "From the short link's parameter.",
    "utm_medium": "From the short link's parameter.",
    "utm_campaign": "From the short link's parameter.",
    "utm_term": "From the short link's parameter.",
    "utm_content": "From the short link's parameter.",
    "variant": "The variant or rule that was followed.",
    "entry": "How the scanner came: `qr`, `link`, or the label of `?e=`.",
    "placement": "Which poster: the label of `?p=`.",
    "slug": "Which of the code's slugs was used.",
}

_CODE = {
    "code": "The code's id.",
    "code:folder": "The folder's name.",
    "code:tag": "A tag. A code with two tags counts in both.",
    "code:domain": "The host of the short link.",
    "code:destination": "Where the code leads today.",
    "code:label": "The code's label.",
}

_TIME = {
    "time:15m": "Quarters of an hour.",
    "time:hour": "Hours. One that the clock repeats is two.",
    "time:day": "Days.",
    "time:week": "Weeks, from Monday.",
    "time:month": "Months.",
    "time:year": "Years.",
    "time:hour_of_week": "Hours of the week, 0 (Monday, midnight) to 167.",
}

DIMENSIONS: dict[str, Dimension] = {
    one.name: one
    for one in (
        *(Dimension(name, "code", about, many=name == "code:tag") for name, about in _CODE.items()),
        *(
            Dimension(f"scan:{name}", "scan", about, sql=_CITY if name == "city" else name, rollup=name)
            for name, about in _SCAN.items()
        ),
        Dimension("scan:kind", "scan", "human, bot, preview or prefetch.", sql="kind"),
        Dimension("scan:outcome", "scan", "How the scan ended: redirect, page, paused, …", sql="outcome"),
        *(Dimension(name, "time", about) for name, about in _TIME.items()),
    )
}
