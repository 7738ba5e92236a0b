"""Date ranges of questions, and the parts that a time zone cuts them into.

Python decides where a day begins, not the engine's table of zones (docs/decisions/0505-midnight-in-python.md): the
instants go into the query.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo

import msgspec

from analytics.query import bounds
from analytics.query.refusal import Refused, TooLarge
from analytics.window import midnight

NAMES = ("today", "month", "year", "all")
COMPARISONS = ("previous_period", "year_over_year")
_TRAILING = re.compile(r"([1-9][0-9]{0,4})(d|mo)")
_FIRST, _LAST = date(1970, 1, 1), date(2105, 12, 31)


class Between(msgspec.Struct, frozen=True):
    """Two dates, both included, or two instants, the second not."""

    start: str
    end: str


# A name, a number of days or months, or a pair.
DateRange = str | Between


def read_date_range(value: object, field: str) -> DateRange:
    """Check what can be checked without a clock. Raises Refused."""
    if isinstance(value, str):
        names = NAMES if field == "date_range" else COMPARISONS
        if value in names or (field == "date_range" and _TRAILING.fullmatch(value)):
            return value
    elif isinstance(value, list):
        if len(value) != 2 or not all(isinstance(one, str) for one in value):
            raise Refused(field, "a pair has two dates, or two instants")
        pair = Between(*value)
        moments(pair, UTC, field)
        return pair
    if field == "date_range":
        raise Refused(
            field, 'must be "today", "month", "year", "all", days like "28d", months like "12mo", or a pair of dates'
        )
    raise Refused(field, 'must be "previous_period", "year_over_year", or a pair of dates')


class Range(msgspec.Struct, frozen=True):
    """A half-open interval in UTC: [start, end). `first` and `last` are its days, if it is whole days of the zone."""

    start: datetime
    end: datetime
    first: date | None = None
    last: date | None = None

    def json(self, zone: tzinfo) -> list[str]:
        """As a pair that may be asked for again."""
        if self.first is not None and self.last is not None:
            return [self.first.isoformat(), self.last.isoformat()]
        return [self.start.astimezone(zone).isoformat(), self.end.astimezone(zone).isoformat()]


def days(first: date, last: date, zone: tzinfo) -> Range:
    return Range(midnight(first, zone), midnight(last + timedelta(days=1), zone), first, last)


def moments(pair: Between, zone: tzinfo, field: str) -> Range:
    """Raises Refused."""
    try:
        if len(pair.start) == len(pair.end) == 10:
            first, last = date.fromisoformat(pair.start), date.fromisoformat(pair.end)
            if not _FIRST <= first <= last <= _LAST:
                raise Refused(
                    field, f"the first date must not be after the second, and both within {_FIRST} and {_LAST}"
                )
            if (last - first).days >= bounds.DAYS:
                raise Refused(field, f"spans at most {bounds.DAYS:,} days")
            return days(first, last, zone)
        start, end = _moment(pair.start, zone), _moment(pair.end, zone)
    except (ValueError, OverflowError):
        raise Refused(
            field, 'must be two dates like "2026-01-31" or two instants like "2026-01-31T12:00:00Z"'
        ) from None
    if not midnight(_FIRST, UTC) <= start < end <= midnight(_LAST, UTC):
        raise Refused(field, f"the first instant must be before the second, and both within {_FIRST} and {_LAST}")
    return Range(start, end)


def _moment(text: str, zone: tzinfo) -> datetime:
    if len(text) <= 10:
        raise ValueError(text)
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def resolve(value: DateRange, zone: tzinfo, now: datetime, earliest: date | None) -> Range:
    """The range at `now`. All but pairs end with today; `all` begins with the day of the `earliest` scan. Raises
    Refused."""
    if isinstance(value, Between):
        return moments(value, zone, "date_range")
    today = now.astimezone(zone).date()
    if value == "all":
        return days(min(earliest or today, today), today, zone)
    if value == "today":
        return days(today, today, zone)
    if value == "month":
        return days(today.replace(day=1), today, zone)
    if value == "year":
        return days(today.replace(month=1, day=1), today, zone)
    n, unit = re.split(r"(?=d|mo)", value, maxsplit=1)
    if unit == "d":
        first = today - timedelta(days=min(int(n), bounds.DAYS + 1) - 1)
    else:
        months = today.year * 12 + today.month - int(n)
        if months < _FIRST.year * 12:
            raise Refused("date_range", f"goes back to {_FIRST} at most")
        first = date(months // 12, months % 12 + 1, 1)
    if first < _FIRST or (today - first).days >= bounds.DAYS:
        raise Refused("date_range", f"goes back to {_FIRST} at most")
    return days(first, today, zone)


def compared(whole: Range, value: DateRange, zone: tzinfo) -> Range:
    """The range that `whole` is compared with. Raises Refused."""
    if isinstance(value, Between):
        return moments(value, zone, "compare")
    try:
        if whole.first is not None and whole.last is not None:
            if value == "year_over_year":
                return days(_year_before(whole.first), _year_before(whole.last), zone)
            length = (whole.last - whole.first).days + 1
            earlier = days(whole.first - timedelta(days=length), whole.first - timedelta(days=1), zone)
        elif value == "year_over_year":
            ends = (moment.astimezone(zone) for moment in (whole.start, whole.end))
            start, end = (datetime.combine(_year_before(one.date()), one.timetz()).astimezone(UTC) for one in ends)
            earlier = Range(start, end)
        else:
            earlier = Range(whole.start - (whole.end - whole.start), whole.start)
        if earlier.start < midnight(_FIRST, UTC):
            raise ValueError
    except (ValueError, OverflowError):
        raise Refused("compare", f"goes back to {_FIRST} at most: ask for a shorter date_range") from None
    return earlier


def _year_before(day: date) -> date:
    """The same day a year earlier; 28 February for the 29th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


class Bucket(msgspec.Struct, frozen=True):
    """A part of time: from `start`, in seconds since 1970, to the next one's. For hours of the week the parts are those
    of one offset from UTC, and the label is that offset in seconds."""

    start: int
    label: str | int


def buckets(dimension: str, whole: Range, zone: tzinfo) -> list[Bucket]:
    """The parts that hold the range, oldest first; the first may begin before it. Raises TooLarge."""
    found: list[Bucket] = []
    for bucket in _buckets(dimension.removeprefix("time:"), whole, zone):
        # (A zone that moves over the date line skips a day.)
        if found and found[-1].start == bucket.start:
            found.pop()
        found.append(bucket)
        if len(found) > bounds.BUCKETS:
            raise TooLarge(
                "dimensions",
                f"{dimension} cuts the date_range into more than {bounds.BUCKETS:,} parts: ask for a shorter one, or "
                "for longer parts",
            )
    return found


def _buckets(unit: str, whole: Range, zone: tzinfo) -> Iterator[Bucket]:
    first, after = seconds(whole.start), -int(-whole.end.timestamp() // 1)
    if unit == "15m":
        for start in range(first - first % 900, after, 900):
            yield Bucket(start, _local(start, zone).isoformat())
    elif unit == "hour":
        for start in _hours(first, after, zone):
            yield Bucket(start, _local(start, zone).isoformat())
    elif unit == "hour_of_week":
        yield from _offsets(first, after, zone)
    else:
        day = _floor(unit, whole.start.astimezone(zone).date())
        while (start := seconds(midnight(day, zone))) < after:
            yield Bucket(start, day.isoformat())
            day = _next(unit, day)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp() // 1)


def _local(start: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(start, zone)


def _floor(unit: str, day: date) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if unit == "year" else day


def _next(unit: str, day: date) -> date:
    if unit == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    if unit == "year":
        return day.replace(year=day.year + 1)
    return day + timedelta(days=7 if unit == "week" else 1)


def _offsets(first: int, after: int, zone: tzinfo) -> Iterator[Bucket]:
    """Where the clock changes. Every zone's clocks change at a quarter of an hour of UTC."""

    def offset(at: int) -> int:
        return round((_local(at, zone).utcoffset() or timedelta()).total_seconds())

    start = first - first % 900
    yield Bucket(start, offset(start))
    # (No clock changes twice within a day.)
    for day in range(start, after, 86_400):
        if offset(day) != offset(day + 86_400):
            change = next(at for at in range(day, day + 86_401, 900) if offset(at) != offset(day))
            yield Bucket(change, offset(change))


def _hours(first: int, after: int, zone: tzinfo) -> Iterator[int]:
    """Where the hours of the clock on the wall begin. One that it repeats begins twice. Every zone's hours begin at a
    quarter of an hour of UTC."""

    def hour(at: int) -> tuple[timedelta | None, datetime]:
        local = _local(at, zone)
        return local.utcoffset(), local.replace(minute=0, second=0, tzinfo=None, fold=0)

    start = first - first % 900
    while hour(start - 900) == hour(start):
        start -= 900
    while start < after:
        yield start
        local = _local(start, zone)
        following = start + 3600 - local.minute * 60
        if _local(following, zone).utcoffset() != local.utcoffset():
            # The clock changes on the way.
            following = start + 900
            while hour(following) == hour(start):
                following += 900
        start = following
