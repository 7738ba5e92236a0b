"""Random questions, near the moments that matter."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.analytics.query.scans import CHANGES, NOWS, ODD, VALUES, WORKSPACES, ZONES, codes_of, values_of

METRICS = ["scans", "visitors", "share", "last_scan"]
CODE = ["code", "code:folder", "code:tag", "code:domain", "code:destination", "code:label"]
SCAN = [f"scan:{name}" for name in VALUES] + ["scan:kind", "scan:outcome"]
# The longest range, in days, that each is asked for.
TIME = {"15m": 2, "hour": 20, "hour_of_week": 800, "day": 120, "week": 800, "month": 800, "year": 800}
PATTERNS = ["^s", "e$", "a|b", "[0-9]+", "(?i)mob", "\\.example", "^$", ".", "é", "(k)s?l", "\\t"]

_codes = [code for workspace in WORKSPACES for code in codes_of(workspace)]


def _values(name: str) -> list[str]:
    if name.startswith("code"):
        return [*sorted({value for code in _codes for value in values_of(code, name)}), "", "nobody"]
    if name == "scan:kind":
        return ["human", "bot", "preview"]
    if name == "scan:outcome":
        return ["redirect", "page", "expired", "unknown"]
    cities = ["Paris, FR", "Berlin, DE", "Lyon"] if name == "scan:city" else []
    return VALUES[name.removeprefix("scan:")] + cities + ODD[:2]


@st.composite
def _condition(draw: st.DrawFn, names: list[str]) -> list[Any]:
    name = draw(st.sampled_from(names))
    operator = draw(st.sampled_from(["is", "is", "is_not", "contains", "contains_not", "matches"]))
    if operator == "matches":
        return [operator, name, draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2))]
    values = _values(name)
    if operator.startswith("contains"):
        values = [part for value in values for part in (value, value[1:3]) if part]
    return [operator, name, draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))]


def _filters(names: list[str]) -> st.SearchStrategy[list[Any]]:
    return st.recursive(
        _condition(names),
        lambda inner: st.one_of(
            inner.map(lambda one: ["not", one]),
            st.builds(
                lambda joint, some: [joint, some],
                st.sampled_from(["and", "or"]),
                st.lists(inner, min_size=1, max_size=3),
            ),
        ),
        max_leaves=3,
    )


@st.composite
def _pair(draw: st.DrawFn, zone: str, longest: int) -> list[str]:
    hot = draw(st.sampled_from([*NOWS, *(CHANGES[zone] or NOWS)]))
    if draw(st.booleans()):
        first = hot.astimezone(ZoneInfo(zone)).date() - timedelta(days=draw(st.integers(0, min(longest - 1, 40))))
        last = first + timedelta(
            days=draw(st.integers(0, min(longest - 1, 60) if draw(st.booleans()) else longest - 1))
        )
        return [first.isoformat(), last.isoformat()]
    start = hot + timedelta(
        minutes=15 * draw(st.integers(-200, 8)), milliseconds=draw(st.sampled_from([0, 0, 1, 899_999]))
    )
    length = timedelta(
        minutes=15 * draw(st.integers(1, min(longest, 40) * 96)), milliseconds=draw(st.sampled_from([0, 1]))
    )
    return [start.isoformat(), (start + length).isoformat()]


@st.composite
def _range(draw: st.DrawFn, zone: str, longest: int) -> str | list[str]:
    names = [name for name, days in _NAMED.items() if days <= longest]
    return draw(st.one_of(st.sampled_from(names), _pair(zone, longest)))


_NAMED = {"today": 1, "1d": 1, "2d": 2, "7d": 7, "28d": 28, "month": 31, "90d": 90, "3mo": 92}
_NAMED |= {"year": 366, "12mo": 366, "400d": 400, "24mo": 731, "all": 800}


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """A question as JSON, of any kind."""
    zone = draw(st.sampled_from(ZONES))
    unit = draw(st.sampled_from([None, None, *TIME]))
    # Half of them of the kinds that sums can answer.
    simple = draw(st.booleans())
    others = draw(st.lists(st.sampled_from(SCAN + CODE * 2), max_size=1 if simple else 2 if unit else 3, unique=True))
    if simple and others and draw(st.booleans()):
        others = [others[0], draw(st.sampled_from([one for one in CODE if one != others[0]]))]
    dimensions = draw(st.permutations([*others, *([f"time:{unit}"] if unit else [])]))
    names = [*CODE, *(one for one in others if one.startswith("scan:"))] if simple else SCAN + CODE * 2
    metrics = draw(
        st.lists(st.sampled_from(["scans"] if simple and draw(st.booleans()) else METRICS), min_size=1, unique=True)
    )
    longest = TIME[unit] if unit else 800
    asked: dict[str, Any] = {
        "metrics": metrics,
        "date_range": draw(_range(zone, longest)),
        "timezone": zone,
        "dimensions": dimensions,
        "filters": draw(st.lists(_filters(names), max_size=2)),
        "include": {
            "time_labels": draw(st.booleans()),
            "total_rows": draw(st.booleans()),
            "remainder": "code:tag" not in dimensions and draw(st.booleans()),
        },
        "pagination": {"limit": draw(st.sampled_from([1, 2, 3, 7, 50, 10_000]))},
    }
    if draw(st.booleans()):
        asked["kinds"] = draw(
            st.lists(st.sampled_from(["human", "bot", "preview", "prefetch"]), min_size=1, unique=True)
        )
    if draw(st.booleans()):
        asked["compare"] = draw(st.one_of(st.sampled_from(["previous_period", "year_over_year"]), _pair(zone, longest)))
    if draw(st.booleans()):
        by = draw(st.lists(st.sampled_from([*metrics, *dimensions]), min_size=1, max_size=3, unique=True))
        asked["order_by"] = [[name, draw(st.sampled_from(["asc", "desc"]))] for name in by]
    return asked


def untils(now: datetime) -> st.SearchStrategy[datetime]:
    """Until when everything is stored: mostly a moment ago, at times days."""
    return st.sampled_from(
        [now, now - timedelta(seconds=3), now - timedelta(minutes=20), now - timedelta(days=3, hours=5)]
    )
