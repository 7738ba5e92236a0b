"""A summary says what a plain count of the same visits says."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analytics.summary import Day, Ranked, Summary, summary
from analytics.window import trailing
from schemas.event import KINDS, Kind, ScanEvent
from tests.analytics import visits as vs

NAMES = {"country": "Unknown", "device": "Unknown", "referrer_host": "Direct"}
HUMANS: list[Kind] = ["human"]


def plainly(visits: list[ScanEvent], days: int, now: datetime, kinds: list[Kind]) -> Summary:
    everything = vs.counted(visits, kinds)
    today = now.astimezone(UTC).date()
    per_day = Counter(vs.at(visit).date() for visit in everything)
    dates = [today - timedelta(days=back) for back in reversed(range(days))]
    inside = [visit for visit in everything if vs.at(visit).date() in dates]

    def ranking(among: list[ScanEvent], dimension: str) -> list[Ranked]:
        shown = Counter(getattr(visit, dimension) or NAMES[dimension] for visit in among)
        return [Ranked(value, n) for value, n in sorted(shown.items(), key=lambda pair: (-pair[1], pair[0]))]

    return Summary(
        total=len(everything),
        last7=sum(per_day[today - timedelta(days=back)] for back in range(7)),
        leaders={name: (ranking(everything, name) or [Ranked(None, 0)])[0].value for name in NAMES},  # type: ignore[arg-type]
        window_total=len(inside),
        daily=[Day(day, per_day[day]) for day in dates],
        top={name: ranking(inside, name)[:8] for name in NAMES},
    )


class Case(msgspec.Struct, frozen=True):
    batches: list[list[ScanEvent]]
    days: int
    kinds: list[Kind]
    now: datetime


cases = st.builds(
    Case,
    batches=st.lists(vs.visits, max_size=3),
    days=st.sampled_from([1, 2, 6, 7, 8, 30, 365]),
    kinds=st.sampled_from([HUMANS, list(KINDS), ["human", "bot"]]),
    now=st.sampled_from(
        [vs.NOW, vs.NOW.replace(hour=0), vs.NOW.replace(hour=23, minute=59), vs.NOW + timedelta(days=400)]
    ),
)


@settings(max_examples=80 // vs.CODES, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=st.lists(cases, min_size=vs.CODES, max_size=vs.CODES))
@example(world=[Case([], 30, HUMANS, vs.NOW)])
def test_it_agrees_with_a_plain_count(client: Client, world: list[Case]) -> None:
    numbers = vs.store_codes(client, [case.batches for case in world])
    for number, case in zip(numbers, world, strict=True):
        days, kinds, now = case.days, case.kinds, case.now
        answer = summary(client, 1, number, days=days, now=now, kinds=kinds, dimensions=NAMES)
        assert answer == plainly([visit for batch in case.batches for visit in batch], days, now, kinds)
        assert len(answer.daily) == days and answer.daily[-1].day == now.date()
        assert answer.window_total == sum(entry.n for entry in answer.daily)


def test_a_code_without_visits_has_no_leaders(client: Client) -> None:
    answer = summary(client, 1, 2**63, days=2, now=vs.NOW, kinds=HUMANS, dimensions=NAMES)
    assert answer == Summary(
        total=0,
        last7=0,
        leaders={"country": None, "device": None, "referrer_host": None},
        window_total=0,
        daily=[Day(date(2028, 3, 5), 0), Day(date(2028, 3, 6), 0)],
        top={"country": [], "device": [], "referrer_host": []},
    )


def test_today_is_a_utc_day_wherever_now_was_taken() -> None:
    late = datetime(2028, 3, 6, 20, 0, tzinfo=timezone(timedelta(hours=-5)))
    assert trailing(1, late).last == date(2028, 3, 7)
    assert list(trailing(3, late)) == [date(2028, 3, 5), date(2028, 3, 6), date(2028, 3, 7)]
    assert date(2028, 3, 4) not in trailing(3, late)


def test_a_window_needs_days_and_a_zone() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        trailing(0, vs.NOW)
    with pytest.raises(ValueError, match="zone"):
        trailing(1, vs.NOW.replace(tzinfo=None))


def test_sums_too_big_for_a_double_stay_whole(client: Client) -> None:
    number = vs.store(client, [])
    n = 2**53 + 1
    client.command(f"INSERT INTO scans_by_value VALUES (1, {number}, 'device', '2028-03-06', 'mobile', 'human', {n})")
    answer = summary(client, 1, number, days=1, now=vs.NOW, kinds=HUMANS, dimensions=NAMES)
    assert (answer.total, answer.window_total, answer.top["device"]) == (n, n, [Ranked("mobile", n)])
