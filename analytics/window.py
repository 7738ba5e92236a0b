"""Time windows of queries: bounds in UTC, and zero-filled series."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec

from analytics.types import Day


class Window(msgspec.Struct, frozen=True):
    """Whole days from `first` to `last`, inclusive."""

    first: date
    last: date

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        """Oldest first."""
        return (self.first + timedelta(days=offset) for offset in range(len(self)))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def zero_fill(window: Window, found: Mapping[date, int]) -> list[Day]:
    """One entry for each day of the window, oldest first."""
    return [Day(day, found.get(day, 0)) for day in window]


def instant(ms: int) -> datetime:
    """The time at `ms` milliseconds since 1970, exactly."""
    return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)


def trailing(days: int, now: datetime, zone: tzinfo = UTC) -> Window:
    """The last `days` days in `zone`, ending with today. Raises ValueError if `days` is below 1 or `now` is naive."""
    if days < 1:
        raise ValueError(f"a window has at least one day, not {days}")
    if now.tzinfo is None:
        raise ValueError("`now` must have a time zone")
    today = now.astimezone(zone).date()
    return Window(first=today - timedelta(days=days - 1), last=today)


def midnight(day: date, zone: tzinfo) -> datetime:
    """The start of the day in `zone`, as UTC. Where the clock skips midnight, the day begins at the skip."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


class Span(msgspec.Struct, frozen=True):
    """A half-open interval in UTC: [start, end)."""

    start: datetime
    end: datetime

    def __bool__(self) -> bool:
        return self.start < self.end


def span(window: Window, zone: tzinfo = UTC) -> Span:
    return Span(midnight(window.first, zone), midnight(window.last + timedelta(days=1), zone))


class Pieces(msgspec.Struct, frozen=True):
    """A span split into its whole UTC days (None if there are none) and the rest at its edges."""

    days: Window | None
    edges: tuple[Span, ...]


def cut(whole: Span) -> Pieces:
    first = whole.start.date() if whole.start == midnight(whole.start.date(), UTC) else _next(whole.start)
    last = whole.end.date() - timedelta(days=1)
    if last < first:
        return Pieces(None, (whole,) if whole else ())
    edges = (Span(whole.start, midnight(first, UTC)), Span(midnight(last + timedelta(days=1), UTC), whole.end))
    return Pieces(Window(first, last), tuple(edge for edge in edges if edge))


def _next(moment: datetime) -> date:
    return moment.date() + timedelta(days=1)
