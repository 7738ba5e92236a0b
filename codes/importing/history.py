"""Read the past scans of a link from an export: its total, its clicks by day, or its list of visits."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

from codes.importing.types import Row, says_something
from schemas.imported import PastKind, PastScans

# More different entries of one link lose first their referrers, then their countries.
MAX_ENTRIES = 20_000
MAX_TEXT = 253
# A total beyond this is no count of visits.
MAX_COUNT = 10**12
_FIRST, _LAST = date(1990, 1, 1), date(2149, 6, 6)


def of_total(row: Row, *names: str) -> tuple[PastScans, ...]:
    """A number of scans without days, from the first of these cells that has one."""
    return beside((), total(row, *names))


def beside(dated: Iterable[PastScans], total: int) -> tuple[PastScans, ...]:
    """The dated scans, and as many without a day as the total has more. (A service keeps its visits for a while, and
    its total for ever.)"""
    dated = tuple(dated)
    rest = total - sum(one.n for one in dated)
    return (*dated, PastScans(rest)) if rest > 0 else dated


def of_days(value: Any, name: str = "clicks") -> tuple[PastScans, ...]:
    """Clicks by day: a list of `{"date": …, name: n}`. Entries that say neither are passed over."""
    days: Counter[date] = Counter()
    for one in value if isinstance(value, list) else []:
        day = _day(one.get("date")) if isinstance(one, dict) else None
        if day is not None:
            days[day] += _count(one.get(name))
    return tuple(PastScans(n, day) for day, n in sorted(days.items()) if n)


def of_scans(scans: Iterable[tuple[Any, PastKind, Any, Any]]) -> tuple[PastScans, ...]:
    """Scans one by one: time, kind, country, referrer. Those without a time are passed over."""
    found: Counter[tuple[date, PastKind, str, str]] = Counter()
    for at, kind, country, referrer in scans:
        day = _day(at)
        if day is not None:
            found[day, kind, _country(country), _host(referrer)] += 1
    if len(found) > MAX_ENTRIES:
        found = _folded(found, 3)
    if len(found) > MAX_ENTRIES:
        found = _folded(found, 2)
    return tuple(PastScans(n, *key) for key, n in sorted(found.items()))


def _folded(found: Counter[tuple[date, PastKind, str, str]], kept: int) -> Counter[tuple[date, PastKind, str, str]]:
    less: Counter[tuple[date, PastKind, str, str]] = Counter()
    for (day, kind, country, _), n in found.items():
        less[day, kind, country if kept == 3 else "", ""] += n
    return less


def total(row: Row, *names: str) -> int:
    """The first of these cells that has a number; else 0."""
    return next((n for name in names if (n := _count(row.get(name)))), 0)


def _count(value: Any) -> int:
    text = str(value).strip() if says_something(value) else ""
    found = int(text) if text.isascii() and text.isdecimal() and len(text) <= 13 else 0
    return found if found <= MAX_COUNT else 0


def _day(value: Any) -> date | None:
    """The UTC day of a time (which is UTC if it names no zone); None if it is none."""
    try:
        at = datetime.fromisoformat(str(value).strip().replace("Z", "+00:00"))
        day = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).date()
    except (ValueError, OverflowError):
        return None
    return day if _FIRST <= day <= _LAST else None


def _country(value: Any) -> str:
    text = str(value or "").strip().upper()
    return text if len(text) == 2 and text.isascii() and text.isalpha() else ""


def _host(referrer: Any) -> str:
    try:
        found = urlsplit(str(referrer or "").strip()).hostname or ""
    except ValueError:
        return ""
    return found if len(found) <= MAX_TEXT and found.isprintable() else ""
