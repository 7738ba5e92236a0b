"""Every question is answered as a plain count of the same visits answers it."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.breakdown import Breakdown, Dimension, breakdowns
from analytics.overview import Overview, overview
from analytics.pins import Pin, pins
from analytics.totals import Total, totals
from analytics.types import Day, Ranked
from analytics.window import Pieces, Span, Window, cut, midnight, span, trailing
from schemas.event import KINDS, Kind, ScanEvent
from tests.analytics import visits as vs

# Behind and ahead of UTC, by hours and by quarters of one, and one whose clock changes within the windows.
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "America/New_York",
        "Asia/Kathmandu",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "Europe/Berlin",
    )
]
NOWS = [vs.NOW, vs.NOW.replace(hour=0), vs.NOW.replace(hour=23, minute=59), vs.NOW + timedelta(days=24)]
HUMANS: list[Kind] = ["human"]

DIMENSIONS = [
    Dimension("country", empty="Unknown"),
    Dimension("device", empty="unknown", not_human="bot", limit=None),
    Dimension("referrer_host", empty="Direct", limit=3),
    Dimension("city", skip_empty=True),
    Dimension("variant", limit=1),
    Dimension("slug", limit=None),
]


def value_of(visit: ScanEvent, one: Dimension) -> str | None:
    if one.name == "city":
        return (f"{visit.city}, {visit.country}" if visit.country else visit.city) if visit.city else None
    if one.not_human is not None and visit.kind != "human":
        return one.not_human
    return getattr(visit, one.name) or one.empty


def plain_breakdown(visits: list[ScanEvent], one: Dimension) -> Breakdown:
    shown = Counter(value for visit in visits if (value := value_of(visit, one)) is not None)
    ranked = [Ranked(value, n) for value, n in sorted(shown.items(), key=lambda pair: (-pair[1], pair[0]))]
    return Breakdown(ranked[: one.limit], sum(entry.n for entry in ranked[len(ranked[: one.limit]) :]), shown.total())


def plain_pins(visits: list[ScanEvent]) -> list[Pin]:
    at: dict[tuple[float, float], list[ScanEvent]] = defaultdict(list)
    for visit in visits:
        if visit.lat is not None and visit.lon is not None:
            at[visit.lat + 0.0, visit.lon].append(visit)
    found = []
    for (lat, lon), here in at.items():
        names = Counter((visit.city, visit.country) for visit in here)
        city, country = min(names, key=lambda name: (not name[0], -names[name], name))
        found.append(Pin(lat, lon, city, country, len(here)))
    return sorted(found, key=lambda pin: (-pin.n, pin.lat, pin.lon))


class Case(msgspec.Struct, frozen=True):
    batches: list[list[ScanEvent]]
    days: int
    kinds: list[Kind]
    now: datetime
    zone: ZoneInfo


cases = st.builds(
    Case,
    batches=st.lists(vs.visits, max_size=2),
    days=st.sampled_from([1, 2, 7, 30]),
    kinds=st.sampled_from([HUMANS, list(KINDS)]),
    now=st.sampled_from(NOWS),
    zone=st.sampled_from(ZONES),
)


@settings(max_examples=40 // vs.CODES, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=st.lists(cases, min_size=vs.CODES, max_size=vs.CODES))
def test_they_agree_with_a_plain_count(client: Client, world: list[Case]) -> None:
    for code, case in zip(vs.store_codes(client, [case.batches for case in world]), world, strict=True):
        check(client, code, case)


def check(client: Client, code: int, case: Case) -> None:
    days, kinds, now, zone = case.days, case.kinds, case.now, case.zone
    everything = vs.counted([visit for batch in case.batches for visit in batch], kinds)
    window = trailing(days, now, zone)
    inside = [visit for visit in everything if vs.at(visit).astimezone(zone).date() in window]

    found = breakdowns(client, 1, code, DIMENSIONS, kinds=kinds, window=window, zone=zone)
    assert found == {one.name: plain_breakdown(inside, one) for one in DIMENSIONS}
    ever = breakdowns(client, 1, code, DIMENSIONS, kinds=kinds)
    assert ever == {one.name: plain_breakdown(everything, one) for one in DIMENSIONS}

    last = max((vs.at(visit) for visit in everything), default=None)
    assert totals(client, 1, [code, 2**62], kinds=kinds) == {code: Total(len(everything), last), 2**62: Total()}

    utc = trailing(days, now)
    of_utc = [visit for visit in everything if vs.at(visit).date() in utc]
    assert pins(client, 1, code, window=utc, kinds=kinds) == plain_pins(of_utc)
    assert pins(client, 1, code, window=utc, kinds=kinds, limit=1) == plain_pins(of_utc)[:1]

    week = [[0] * 24 for _ in range(7)]
    for visit in of_utc:
        week[vs.at(visit).weekday()][vs.at(visit).hour] += 1
    utc_days = Counter(vs.at(visit).date() for visit in of_utc)
    assert overview(client, 1, code, window=utc, kinds=kinds, dimensions=DIMENSIONS, points=2) == Overview(
        total=len(everything),
        window_total=len(of_utc),
        daily=[Day(day, utc_days[day]) for day in utc],
        week=week,
        by={one.name: plain_breakdown(of_utc, one) for one in DIMENSIONS},
        pins=plain_pins(of_utc)[:2],
    )


def test_no_codes_have_no_totals(client: Client) -> None:
    assert totals(client, 1, [], kinds=HUMANS) == {}


@given(
    days=st.integers(1, 5),
    now=st.integers(0, 4 * 365 * 86_400).map(
        lambda second: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    ),
    zone=st.sampled_from([*ZONES, ZoneInfo("Africa/Cairo"), ZoneInfo("Australia/Lord_Howe")]),
)
def test_the_pieces_of_a_span_are_all_of_it(days: int, now: datetime, zone: tzinfo) -> None:
    whole = span(trailing(days, now, zone), zone)
    assert whole.end.astimezone(zone) - timedelta(days=1) <= now.astimezone(zone) < whole.end
    pieces = cut(whole)
    spans = list(pieces.edges)
    if pieces.days is not None:
        spans.append(span(pieces.days))
    spans.sort(key=lambda one: one.start)
    assert spans[0].start == whole.start and spans[-1].end == whole.end
    assert all(a.end == b.start for a, b in pairwise(spans))
    assert all(edge.end - edge.start < timedelta(hours=48) for edge in pieces.edges)


def test_utc_days_have_no_edges() -> None:
    window = Window(date(2028, 2, 28), date(2028, 3, 1))
    assert cut(span(window)) == Pieces(window, ())
    moment = datetime(2028, 3, 1, tzinfo=UTC)
    assert cut(Span(moment, moment)) == Pieces(None, ())


def test_a_day_begins_when_the_clock_does() -> None:
    # In Cairo the clock went from 23:59:59 on the 25th to 01:00 on the 26th.
    assert midnight(date(2024, 4, 26), ZoneInfo("Africa/Cairo")) == datetime(2024, 4, 25, 22, tzinfo=UTC)
    berlin = span(Window(date(2027, 3, 28), date(2027, 3, 28)), ZoneInfo("Europe/Berlin"))
    assert berlin.end - berlin.start == timedelta(hours=23)


@pytest.mark.parametrize("empty", ["a' OR 1", "{code:UInt64}", "\\", "é\n"])
def test_names_are_only_names(client: Client, empty: str) -> None:
    code = vs.store(client, [])
    client.command(f"INSERT INTO scans_by_value VALUES (1, {code}, 'country', '2028-03-06', '', 'human', 2)")
    found = breakdowns(client, 1, code, [Dimension("country", empty=empty)], kinds=HUMANS)
    assert found == {"country": Breakdown([Ranked(empty, 2)], 0, 2)}
