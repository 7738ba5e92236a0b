"""When something is due that happens once a day, a week or a month, at an hour in a time zone.

Pure: the time is passed in. A schedule looks back: each run is that of one `Period` which is over, and a period has one
run, whatever the clocks do. Where an hour happens twice, the run is in the first; where clocks skip it, the run is as
much later as they skip (02:00 at 03:00).
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

Every = Literal["day", "week", "month"]

_DAY = timedelta(days=1)
# No run is further from the end of its period than this: weeks and months may wait for a day of the next one, and
# zones are up to a day apart.
_LATEST = {"day": timedelta(days=3), "week": timedelta(days=17), "month": timedelta(days=62)}


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    every: Every
    hour: Annotated[int, Meta(ge=0, le=23, description="Of the time zone's clock.")] = 0
    weekday: Annotated[int, Meta(ge=1, le=7, description="Of a weekly run; 1 is Monday.")] = 1
    day: Annotated[int, Meta(ge=1, le=28, description="Of the month, of a monthly run.")] = 1
    timezone: str = "UTC"


class Period(msgspec.Struct, frozen=True):
    """Whole days, from `first` up to before `end`: a day, a week from Monday, or a month."""

    every: Every
    first: date
    end: date

    @property
    def name(self) -> str:
        """`2026-05-21`, `2026-W21` or `2026-05`: names of one kind sort as their periods do."""
        if self.every == "week":
            year, week, _ = self.first.isocalendar()
            return f"{year}-W{week:02}"
        return self.first.isoformat() if self.every == "day" else f"{self.first:%Y-%m}"


def period_of(every: Every, day: date) -> Period:
    """The period that a day is in."""
    if every == "day":
        return Period(every, day, day + _DAY)
    if every == "week":
        first = day - timedelta(days=day.weekday())
        return Period(every, first, first + 7 * _DAY)
    first = day.replace(day=1)
    return Period(every, first, (first + timedelta(days=31)).replace(day=1))


def following(period: Period) -> Period:
    return period_of(period.every, period.end)


def due(schedule: Schedule, period: Period) -> datetime:
    """When the run of this period is, in UTC."""
    later = {"day": 0, "week": schedule.weekday - 1, "month": schedule.day - 1}[schedule.every]
    return _instant(period.end + later * _DAY, schedule.hour, ZoneInfo(schedule.timezone))


def last_due(schedule: Schedule, now: datetime) -> Period:
    """The latest period whose run is not after `now`."""
    local = now.astimezone(ZoneInfo(schedule.timezone)).date()
    period = period_of(schedule.every, local - _LATEST[schedule.every])
    while due(schedule, (after := following(period))) <= now:
        period = after
    return period


def next_run(schedule: Schedule, after: datetime) -> datetime:
    """The first run after this moment, in UTC."""
    period = last_due(schedule, after)
    while (run := due(schedule, period)) <= after:
        period = following(period)
    return run


def bounds(period: Period, timezone: str) -> tuple[datetime, datetime]:
    """From when, in UTC, and up to before when a period is, in a time zone. They are equal for a day that a zone left
    out."""
    zone = ZoneInfo(timezone)
    return _instant(period.first, 0, zone), _instant(period.end, 0, zone)


def _instant(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)
