"""The days a question is about."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

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


def trailing(days: int, now: datetime) -> Window:
    """The last `days` UTC days; today, which is not over, is the last of them. `now` has a zone."""
    if days < 1:
        raise ValueError(f"a window has at least one day, not {days}")
    if now.tzinfo is None:
        raise ValueError("which day it is depends on the zone, and this time has none")
    today = now.astimezone(UTC).date()
    return Window(first=today - timedelta(days=days - 1), last=today)
