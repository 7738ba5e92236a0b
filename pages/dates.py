"""Parse the dates that owners write, and format them for people and for calendars."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

_day = re.compile(r"\d{4}-\d\d-\d\d")


class Moment(msgspec.Struct, frozen=True):
    """A day; an instant, when the zone is known; or a local (floating) time."""

    day: date
    at: datetime | None = None

    @property
    def spoken(self) -> str:
        """`Saturday 14 March 2026, 18:30`."""
        text = f"{self.day:%A} {self.day.day} {self.day:%B %Y}"
        return text if self.at is None else f"{text}, {self.at:%H:%M}"

    @property
    def ical(self) -> str:
        """The value of DTSTART or DTEND, with its parameters and the colon."""
        if self.at is None:
            return f";VALUE=DATE:{self.day:%Y%m%d}"
        if self.at.tzinfo is None:
            return f":{self.at:%Y%m%dT%H%M%S}"
        return f":{self.at.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    def after(self, days: int) -> "Moment":
        return Moment(self.day + timedelta(days=days))


def zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", name) else None
    except (KeyError, OSError, ValueError):
        return None


def moment(text: str, where: ZoneInfo | None = None) -> Moment | None:
    """Parse an ISO 8601 day or time; `where` is the zone of one that names none."""
    try:
        if _day.fullmatch(text):
            return Moment(date.fromisoformat(text))
        at = datetime.fromisoformat(text)
        if where is not None:
            at = at.replace(tzinfo=where) if at.tzinfo is None else at.astimezone(where)
        # The first and last days of the calendar have no UTC time: refuse them.
        if at.tzinfo is not None:
            at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Moment(at.date(), at)


def span(start: Moment, end: Moment | None) -> str:
    """Start and end in words."""
    if end is None or end == start:
        return start.spoken
    if end.day == start.day and end.at is not None and start.at is not None:
        return f"{start.spoken}–{end.at:%H:%M}"
    return f"{start.spoken} –\n{end.spoken}"
