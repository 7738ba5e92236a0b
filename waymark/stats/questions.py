"""What `waymark stats` asks: a total, a series and a breakdown of the same scans."""

from datetime import date
from typing import Any

import msgspec

from analytics.query.catalogue import DIMENSIONS
from api.query_parameters import SHORT

COMPARISONS = {"year": "year_over_year", "previous": "previous_period"}
# Days of the range up to which a series has these parts.
_PARTS = ((2, "time:hour"), (120, "time:day"), (800, "time:week"))


class Wanted(msgspec.Struct, frozen=True):
    """The options of the command. `date_range` is a word, or the two days of a pair."""

    date_range: str | tuple[str, str] = "28d"
    timezone: str = "UTC"
    by: str | None = None
    codes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    compare: str | list[str] | None = None
    limit: int = 10


def dimension(name: str) -> str | None:
    """The dimension of a short or whole name, if it is one to break down by."""
    found = SHORT.get(name, name)
    return found if found in DIMENSIONS else None


def total(wanted: Wanted) -> dict[str, Any]:
    return {**_base(wanted), "metrics": ["scans", "visitors", "last_scan"]}


def series(wanted: Wanted, days: tuple[date, date]) -> dict[str, Any]:
    """Over the days that the total's answer understood, in parts that fit a screen."""
    length = (days[1] - days[0]).days + 1
    part = next((name for most, name in _PARTS if length <= most), "time:month")
    return {**_base(wanted), "metrics": ["scans"], "dimensions": [part]}


def breakdown(wanted: Wanted) -> dict[str, Any]:
    by = wanted.by or "scan:country"
    several = DIMENSIONS[by].many
    return {
        **_base(wanted),
        "order_by": [["scans", "desc"]],
        "metrics": ["scans", "share"],
        "dimensions": [by],
        "include": {"total_rows": True, "remainder": not several},
        "pagination": {"limit": wanted.limit},
    }


def _base(wanted: Wanted) -> dict[str, Any]:
    filters = [
        ["is", name, list(values)]
        for name, values in (("code", wanted.codes), ("code:tag", wanted.tags), ("code:folder", wanted.folders))
        if values
    ]
    found: dict[str, Any] = {
        "date_range": wanted.date_range if isinstance(wanted.date_range, str) else list(wanted.date_range),
        "timezone": wanted.timezone,
        "filters": filters,
    }
    return found if wanted.compare is None else {**found, "compare": wanted.compare}
