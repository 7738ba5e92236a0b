"""Random questions, near the moments that matter."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.analytics.query.scans import CHANGES, NOWS, ODD, VALUES, WORKSPACES, ZONES, codes_of, values_of

METRICS = ["scans", "visitors", "share", "last_scan"]
CODE = ["code", "code:folder", "code:tag", "code:domain", "code:destination", "code:label"]
SCAN = [f"scan:{name}" for name in VALUES] + ["scan:kind", "scan:outcome"]
# The longest range, in days, that each is asked for.
TIME = {"15m": 2, "hour": 20, "hour_of_week": 800, "day": 120, "week": 800, "month": 800, "year": 800}
PATTERNS = ["^s", "e$", "a|b", "[0-9]+", "(?i)mob", "\\.example", "^$", ".", "é", "(k)s?l", "\\t"]

# Strategies are made once: that takes longer than to draw from them.
T = TypeVar("T")


@cache
def _one_of(values: tuple[T, ...]) -> st.SearchStrategy[T]:
    return st.sampled_from(values)


@cache
def _some_of(values: tuple[T, ...], least: int, most: int | None, unique: bool = True) -> st.SearchStrategy[list[T]]:
    return st.lists(_one_of(values), min_size=least, max_size=most, unique=unique)


_whole = cache(st.integers)
_either = st.booleans()

_codes = [code for workspace in WORKSPACES for code in codes_of(workspace)]


@cache
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
def _condition(draw: st.DrawFn, names: tuple[str, ...]) -> list[Any]:
    name = draw(_one_of(names))
    operator = draw(_one_of(("is", "is", "is_not", "contains", "contains_not", "matches")))
    if operator == "matches":
        return [operator, name, draw(_some_of(tuple(PATTERNS), 1, 2, unique=False))]
    values = _values(name)
    if operator.startswith("contains"):
        values = [part for value in values for part in (value, value[1:3]) if part]
    return [operator, name, draw(_some_of(tuple(values), 1, 3, unique=False))]


@cache
def _filters(names: tuple[str, ...]) -> st.SearchStrategy[list[Any]]:
    one = st.recursive(
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
    return st.lists(one, max_size=2)


@st.composite
def _pair(draw: st.DrawFn, zone: str, longest: int) -> list[str]:
    hot = draw(_one_of((*NOWS, *(CHANGES[zone] or NOWS))))
    if draw(_either):
        first = hot.astimezone(ZoneInfo(zone)).date() - timedelta(days=draw(_whole(0, min(longest - 1, 40))))
        last = first + timedelta(days=draw(_whole(0, min(longest - 1, 60) if draw(_either) else longest - 1)))
        return [first.isoformat(), last.isoformat()]
    start = hot + timedelta(minutes=15 * draw(_whole(-200, 8)), milliseconds=draw(_one_of((0, 0, 1, 899_999))))
    length = timedelta(minutes=15 * draw(_whole(1, min(longest, 40) * 96)), milliseconds=draw(_one_of((0, 1))))
    return [start.isoformat(), (start + length).isoformat()]


_pairs = cache(_pair)


@cache
def _ranges(zone: str, longest: int) -> st.SearchStrategy[str | list[str]]:
    names = tuple(name for name, days in _NAMED.items() if days <= longest)
    return st.one_of(_one_of(names), _pairs(zone, longest))


@cache
def _compares(zone: str, longest: int) -> st.SearchStrategy[str | list[str]]:
    return st.one_of(_one_of(("previous_period", "year_over_year")), _pairs(zone, longest))


_NAMED = {"today": 1, "1d": 1, "2d": 2, "7d": 7, "28d": 28, "month": 31, "90d": 90, "3mo": 92}
_NAMED |= {"year": 366, "12mo": 366, "400d": 400, "24mo": 731, "all": 800}


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """A question as JSON, of any kind."""
    zone = draw(_one_of(ZONES))
    unit = draw(_one_of((None, None, *TIME)))
    # Half of them of the kinds that sums can answer.
    simple = draw(_either)
    others = draw(_some_of((*SCAN, *CODE, *CODE), 0, 1 if simple else 2 if unit else 3))
    if simple and len(others) > 0 and draw(_either):
        others = [others[0], draw(_one_of(tuple(one for one in CODE if one != others[0])))]
    dimensions = draw(st.permutations([*others, *([f"time:{unit}"] if unit else [])]))
    names = (*CODE, *(one for one in others if one.startswith("scan:"))) if simple else (*SCAN, *CODE, *CODE)
    metrics = draw(_some_of(("scans",) if simple and draw(_either) else tuple(METRICS), 1, None))
    longest = TIME[unit] if unit else 800
    asked: dict[str, Any] = {
        "metrics": metrics,
        "date_range": draw(_ranges(zone, longest)),
        "timezone": zone,
        "dimensions": dimensions,
        "filters": draw(_filters(names)),
        "include": {
            "time_labels": draw(_either),
            "total_rows": draw(_either),
            "remainder": "code:tag" not in dimensions and draw(_either),
        },
        "pagination": {"limit": draw(_one_of((1, 2, 3, 7, 50, 10_000)))},
    }
    if draw(_either):
        asked["kinds"] = draw(_some_of(("human", "bot", "preview", "prefetch"), 1, None))
    # (One that compares is two questions to the engine.)
    if draw(_one_of((True, False, False))):
        asked["compare"] = draw(_compares(zone, longest))
    if draw(_either):
        by = draw(_some_of((*metrics, *dimensions), 1, 3))
        asked["order_by"] = [[name, draw(_one_of(("asc", "desc")))] for name in by]
    return asked


def untils(now: datetime) -> st.SearchStrategy[datetime]:
    """Until when everything is stored: mostly a moment ago, at times days."""
    return st.sampled_from(
        [now, now - timedelta(seconds=3), now - timedelta(minutes=20), now - timedelta(days=3, hours=5)]
    )
