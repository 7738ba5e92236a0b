"""infra/schedule.py: one run for each period, at its hour, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.schedule import Every, Schedule, bounds, due, following, last_due, next_run, period_of

# Clocks change by an hour in most, by half of one at Lord Howe and by two at Troll; at midnight in São Paulo and
# Santiago; the other way around in Casablanca. Apia left a day out, and Kiritimati is fourteen hours ahead.
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "America/Santiago"]
ZONES += ["Africa/Casablanca", "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Apia", "Pacific/Kiritimati"]
ZONES += ["Asia/Kathmandu", "Asia/Tehran", "Pacific/Marquesas"]

schedules = st.builds(
    Schedule,
    every=st.sampled_from(["day", "week", "month"]),
    hour=st.integers(0, 23),
    weekday=st.integers(1, 7),
    day=st.integers(1, 28),
    timezone=st.sampled_from(ZONES),
)
moments = st.integers(820_454_400, 2_114_380_800).map(lambda second: datetime.fromtimestamp(second, UTC))
# Around the changes of clocks, and their days.
moments |= st.builds(
    lambda day, minutes: datetime.combine(date(*day), time(), UTC) + timedelta(minutes=minutes),
    st.sampled_from([(2026, 3, 29), (2026, 10, 25), (2018, 11, 4), (2018, 2, 18), (2011, 12, 30), (2026, 4, 5)]),
    st.integers(-3000, 3000),
)


def shown(at: datetime, zone: str) -> datetime:
    """What a clock on the wall shows."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def by_the_clock(wall: datetime, zone: str) -> datetime:
    """The first moment at which the wall's clock shows this, found by looking at it each quarter of an hour; where it
    never does, as long after it last showed less as there is between the two."""
    at = (wall - timedelta(days=2)).replace(tzinfo=UTC)
    before = at
    for _ in range(4 * 96):
        if shown(at, zone) == wall:
            return at
        if shown(at, zone) > wall:
            break
        before, at = at, at + timedelta(minutes=15)
    return before + (wall - shown(before, zone))


def is_run(schedule: Schedule, day: date) -> bool:
    if schedule.every == "day":
        return True
    return day.isoweekday() == schedule.weekday if schedule.every == "week" else day.day == schedule.day


@given(schedules, moments)
@example(Schedule("day", 2, timezone="Europe/Berlin"), datetime(2026, 3, 29, 0, 59, tzinfo=UTC))
@example(Schedule("day", 2, timezone="Europe/Berlin"), datetime(2026, 10, 25, 0, 0, tzinfo=UTC))
@example(Schedule("day", 5, timezone="Pacific/Apia"), datetime(2011, 12, 30, 9, 59, tzinfo=UTC))
def test_the_next_run_is_the_first_that_a_clock_on_the_wall_comes_to(schedule: Schedule, after: datetime) -> None:
    day = shown(after, schedule.timezone).date() - timedelta(days=2)
    runs: list[datetime] = []
    while not runs or day <= shown(after, schedule.timezone).date() + timedelta(days=2):
        if is_run(schedule, day):
            wall = datetime.combine(day, time(schedule.hour))
            if (run := by_the_clock(wall, schedule.timezone)) > after:
                runs.append(run)
        day += timedelta(days=1)
    assert next_run(schedule, after) == min(runs)


@given(schedules, moments)
def test_every_period_has_one_run_after_its_end(schedule: Schedule, now: datetime) -> None:
    period = last_due(schedule, now)
    assert due(schedule, period) <= now < due(schedule, following(period))
    for _ in range(40):
        after = following(period)
        assert after.first == period.end
        assert after.name > period.name
        assert bounds(period, schedule.timezone)[1] <= due(schedule, period) <= due(schedule, after)
        period = after


@pytest.mark.parametrize(
    ("every", "day", "name"),
    [
        ("day", date(2026, 5, 21), "2026-05-21"),
        ("week", date(2026, 5, 21), "2026-W21"),
        ("week", date(2027, 1, 3), "2026-W53"),
        ("month", date(2026, 12, 31), "2026-12"),
    ],
)
def test_a_period_has_a_name(every: Every, day: date, name: str) -> None:
    assert period_of(every, day).name == name


def test_days_are_as_long_as_their_clocks_say() -> None:
    lengths = {
        day: bounds(period_of("day", date.fromisoformat(day)), zone)
        for day, zone in [
            ("2026-03-29", "Europe/Berlin"),
            ("2026-10-25", "Europe/Berlin"),
            ("2026-05-21", "Europe/Berlin"),
            ("2011-12-30", "Pacific/Apia"),
        ]
    }
    assert [(end - start) / timedelta(hours=1) for start, end in lengths.values()] == [23, 25, 24, 0]


def test_a_daily_run_at_an_hour_that_happens_twice_is_one_run() -> None:
    schedule = Schedule("day", 2, timezone="Europe/Berlin")
    first = next_run(schedule, datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert first == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert next_run(schedule, first) == datetime(2026, 10, 26, 1, tzinfo=UTC)


def test_a_daily_run_at_an_hour_that_is_skipped_is_an_hour_later() -> None:
    schedule = Schedule("day", 2, timezone="Europe/Berlin")
    skipped = next_run(schedule, datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert skipped == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert next_run(schedule, skipped) == datetime(2026, 3, 30, 0, tzinfo=UTC)
