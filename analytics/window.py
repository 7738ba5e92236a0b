"""The days a question is about."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec


class Window(msgspec.Struct, frozen=True):
    """Whole days from `first` to `last`, both included."""

    first: date
    last: date

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        """Oldest first."""
        return (self.first + timedelta(days=offset) for offset in range(len(self)))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def trailing(days: int, now: datetime, zone: tzinfo = UTC) -> Window:
    """The last `days` days of the zone; today, which is not over, is the last of them. `now` has a zone of its own."""
    if days < 1:
        raise ValueError(f"a window has at least one day, not {days}")
    if now.tzinfo is None:
        raise ValueError("which day it is depends on the zone, and this time has none")
    today = now.astimezone(zone).date()
    return Window(first=today - timedelta(days=days - 1), last=today)


def midnight(day: date, zone: tzinfo) -> datetime:
    """When the day begins there, in UTC. Where the clock skips midnight, the day begins when it does."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


class Span(msgspec.Struct, frozen=True):
    """A stretch of time in UTC: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime

    def __bool__(self) -> bool:
        return self.start < self.end


def span(window: Window, zone: tzinfo = UTC) -> Span:
    return Span(midnight(window.first, zone), midnight(window.last + timedelta(days=1), zone))


class Pieces(msgspec.Struct, frozen=True):
    """A span cut into the whole UTC days in it (None when there is none) and what is left at its edges."""

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
