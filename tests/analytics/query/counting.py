"""A plain count of scans, as slow and as simple as can be: what questions are held against.

It knows nothing of `analytics.query`: ranges are local dates of each scan, parts of time are found by looking at the
clock on the wall every quarter of an hour.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from analytics.query.code_sets import nameless
from schemas.event import COUNTED, ScanEvent
from tests.analytics.query.scans import Code, at, values_of

QUARTER = timedelta(minutes=15)
Labels = tuple[str | int, ...]
Metrics = list[Any]


class Range(msgspec.Struct, frozen=True):
    """Local dates, both included; or instants."""

    first: date | None = None
    last: date | None = None
    start: datetime | None = None
    end: datetime | None = None

    def __contains__(self, moment: datetime) -> bool:
        if self.first is not None and self.last is not None:
            return self.first <= moment.date() <= self.last
        assert self.start is not None and self.end is not None
        return self.start <= moment < self.end


def resolved(value: Any, zone: ZoneInfo, now: datetime, scans: Sequence[ScanEvent]) -> Range:
    today = now.astimezone(zone).date()
    if isinstance(value, list):
        if len(value[0]) == 10:
            return Range(date.fromisoformat(value[0]), date.fromisoformat(value[1]))
        return Range(start=datetime.fromisoformat(value[0]), end=datetime.fromisoformat(value[1]))
    if value == "all":
        return Range(min([today, *(at(scan).astimezone(zone).date() for scan in scans if scan.code)]), today)
    if value.endswith("mo"):
        months = today.year * 12 + today.month - int(value[:-2])
        return Range(date(months // 12, months % 12 + 1, 1), today)
    if value.endswith("d"):
        return Range(today - timedelta(days=int(value[:-1]) - 1), today)
    return Range({"today": today, "month": today.replace(day=1), "year": date(today.year, 1, 1)}[value], today)


def earlier(whole: Range, compare: Any, zone: ZoneInfo) -> Range:
    if isinstance(compare, list):
        return resolved(compare, zone, datetime.now(UTC), [])
    if whole.first is not None and whole.last is not None:
        if compare == "year_over_year":
            return Range(_a_year_before(whole.first), _a_year_before(whole.last))
        days = whole.last - whole.first + timedelta(days=1)
        return Range(whole.first - days, whole.last - days)
    assert whole.start is not None and whole.end is not None
    if compare == "previous_period":
        return Range(start=whole.start - (whole.end - whole.start), end=whole.start)
    start, end = (
        datetime.combine(_a_year_before(one.astimezone(zone).date()), one.astimezone(zone).time(), zone)
        for one in (whole.start, whole.end)
    )
    return Range(start=start.astimezone(UTC), end=end.astimezone(UTC))


def _a_year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


@lru_cache(maxsize=100_000)
def local(ms: int, zone: ZoneInfo) -> datetime:
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)).astimezone(zone)


def label(unit: str, moment: datetime, zone: ZoneInfo) -> str | int:
    local = moment.astimezone(zone)
    day = local.date()
    match unit:
        case "day":
            return day.isoformat()
        case "week":
            return (day - timedelta(days=day.weekday())).isoformat()
        case "month":
            return day.replace(day=1).isoformat()
        case "year":
            return date(day.year, 1, 1).isoformat()
        case "hour_of_week":
            return local.weekday() * 24 + local.hour
    begin = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)

    def hour(when: datetime) -> tuple[Any, Any, int]:
        return when.astimezone(zone).utcoffset(), when.astimezone(zone).date(), when.astimezone(zone).hour

    while unit == "hour" and hour(begin - QUARTER) == hour(begin):
        begin -= QUARTER
    return begin.astimezone(zone).isoformat()


@lru_cache(maxsize=4096)
def labels(unit: str, whole: Range, zone: ZoneInfo) -> list[str | int]:
    """Of all parts of the range, oldest first."""
    if unit == "hour_of_week":
        return list(range(168))
    if whole.first is not None and whole.last is not None and unit not in ("hour", "15m"):
        days = [whole.first + timedelta(days=n) for n in range((whole.last - whole.first).days + 1)]
        noons = [datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12) for day in days]
        return list(dict.fromkeys(label(unit, noon, ZoneInfo("UTC")) for noon in noons))
    if whole.first is not None and whole.last is not None:
        begin = datetime.combine(whole.first, datetime.min.time(), UTC) - timedelta(hours=16)
        end = datetime.combine(whole.last, datetime.min.time(), UTC) + timedelta(hours=40)
    else:
        assert whole.start is not None and whole.end is not None
        begin, end = whole.start, whole.end
        begin = begin.replace(minute=begin.minute // 15 * 15, second=0, microsecond=0)
    found = []
    while begin < end:
        if begin.astimezone(zone) in whole or whole.start is not None:
            found.append(label(unit, begin, zone))
        begin += QUARTER
    return list(dict.fromkeys(found))


def value_of(scan: ScanEvent, name: str) -> str:
    if name == "city":
        return f"{scan.city}, {scan.country}" if scan.city and scan.country else scan.city
    return str(getattr(scan, name))


class Count:
    """The answer to one question by counting."""

    def __init__(
        self, asked: dict[str, Any], scans: Sequence[ScanEvent], codes: Sequence[Code], now: datetime, until: datetime
    ) -> None:
        self.asked, self.scans, self.until = asked, scans, until
        self.zone = ZoneInfo(asked["timezone"])
        self.dimensions: list[str] = asked["dimensions"]
        self.time = next((at for at, name in enumerate(self.dimensions) if name.startswith("time:")), None)
        self.names = {*self.dimensions, *_names(asked["filters"])}
        everything = ["human", "bot", "preview", "prefetch"]
        self.kinds = asked.get("kinds") or (everything if "scan:kind" in self.names else ["human"])
        # (Of the last one nothing is known.)
        self.codes = {code.number: code for code in codes[:-1]}
        self.whole = resolved(asked["date_range"], self.zone, now, scans)
        self._matching: dict[Range, list[ScanEvent]] = {}
        self.groups = self.grouped(self.whole)

    def counted(self, scan: ScanEvent, whole: Range) -> bool:
        return (
            scan.code != 0
            and scan.kind in self.kinds
            and at(scan) < self.until
            and local(scan.ts_ms, self.zone) in whole
            and (scan.outcome in COUNTED or "scan:outcome" in self.names)
            and all(self.meets(scan, one) for one in self.asked["filters"])
        )

    def matching(self, whole: Range) -> list[ScanEvent]:
        if whole not in self._matching:
            self._matching[whole] = [scan for scan in self.scans if self.counted(scan, whole)]
        return self._matching[whole]

    def values(self, scan: ScanEvent, name: str) -> tuple[str | int, ...]:
        family, _, rest = name.partition(":")
        if family == "time":
            return (label(rest, at(scan), self.zone),)
        if family == "scan":
            return (value_of(scan, rest),)
        code = self.codes.get(scan.code)
        if code is None:
            return (nameless(scan.code) if name == "code" else "",)
        return values_of(code, name)

    def meets(self, scan: ScanEvent, one: list[Any]) -> bool:
        operator = one[0]
        if operator == "not":
            return not self.meets(scan, one[1])
        if operator in ("and", "or"):
            return (all if operator == "and" else any)(self.meets(scan, inner) for inner in one[1])
        _, name, wanted = one
        has = self.values(scan, name)
        if name == "code" and scan.code not in self.codes:
            has = ("",)
        tests: dict[str, Callable[[str], bool]] = {
            "is": lambda value: value in wanted,
            "contains": lambda value: any(part in value for part in wanted),
            "matches": lambda value: any(re.search(pattern, value, re.DOTALL) for pattern in wanted),
        }
        found = any(tests[operator.removesuffix("_not")](str(value)) for value in has)
        return not found if operator.endswith("_not") else found

    def grouped(self, whole: Range) -> dict[Labels, list[ScanEvent]]:
        groups: dict[Labels, list[ScanEvent]] = defaultdict(list)
        if not self.dimensions:
            groups[()] = []
        for scan in self.matching(whole):
            keys: list[Labels] = [()]
            for name in self.dimensions:
                keys = [(*key, value) for key in keys for value in self.values(scan, name)]
            for key in keys:
                groups[key].append(scan)
        if self.time is not None:
            parts = labels(self.dimensions[self.time].removeprefix("time:"), whole, self.zone)
            others = {(key[: self.time], key[self.time + 1 :]) for key in groups}
            for before, after in others if len(self.dimensions) > 1 else {((), ())}:
                for part in parts:
                    groups[(*before, part, *after)] += []
        return dict(groups)

    def total(self, whole: Range) -> int:
        return len(self.matching(whole))

    def metrics(self, scans: Sequence[ScanEvent], total: int) -> Metrics:
        values = {
            "scans": len(scans),
            "visitors": len({scan.visitor for scan in scans}),
            "share": len(scans) / total if total else 0.0,
            "last_scan": max(map(at, scans), default=None),
        }
        return [values[name] for name in self.asked["metrics"]]

    def order(self) -> list[Labels]:
        """The rows' labels as they are shown."""
        total = self.total(self.whole)
        rows = {key: self.metrics(scans, total) for key, scans in self.groups.items()}
        parts = []
        if self.time is not None:
            parts = labels(self.dimensions[self.time].removeprefix("time:"), self.whole, self.zone)

        def dimension(key: Labels, number: int) -> Any:
            return parts.index(key[number]) if number == self.time else key[number]

        found = sorted(rows, key=lambda key: [dimension(key, number) for number in range(len(key))])
        by = self.asked.get("order_by")
        if by is None:
            first = self.dimensions[self.time] if self.time is not None else None
            by = [[first, "asc"]] if first else [[self.asked["metrics"][0], "desc"]]
        for name, direction in reversed(by):
            if name in self.dimensions:
                number = self.dimensions.index(name)
                found.sort(key=lambda key: dimension(key, number), reverse=direction == "desc")
            else:
                metric = self.asked["metrics"].index(name)
                nothing = datetime.min.replace(tzinfo=UTC)
                found.sort(
                    key=lambda key: nothing if rows[key][metric] is None else rows[key][metric],
                    reverse=direction == "desc",
                )
        return found

    def counterpart(self, key: Labels, then: Range) -> Labels | None:
        if self.time is None or self.dimensions[self.time] == "time:hour_of_week":
            return key
        unit = self.dimensions[self.time].removeprefix("time:")
        nth = labels(unit, self.whole, self.zone).index(key[self.time])
        parts = labels(unit, then, self.zone)
        return (*key[: self.time], parts[nth], *key[self.time + 1 :]) if nth < len(parts) else None

    def rest(self, whole: Range, listed: Sequence[Labels]) -> list[ScanEvent]:
        """The scans that are in none of the groups."""
        groups = self.grouped(whole)
        return [scan for key in groups.keys() - set(listed) for scan in groups[key]]


def _names(filters: Sequence[Any]) -> set[str]:
    found: set[str] = set()
    for one in filters:
        if one[0] == "not":
            found |= _names([one[1]])
        elif one[0] in ("and", "or"):
            found |= _names(one[1])
        else:
            found.add(one[1])
    return found
