"""A code's whole life is what a plain count of its visits finds."""

from collections import Counter
from datetime import date, datetime

import msgspec
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analytics.breakdown import Dimension
from analytics.lifetime import Lifetime, lifetime
from analytics.types import Day, Ranked
from analytics.window import Window, trailing
from schemas.event import KINDS, Kind, ScanEvent
from tests.analytics import visits as vs

DIMENSIONS = [
    Dimension("country", empty="Unknown"),
    Dimension("device", empty="unknown", not_human="bot"),
    Dimension("referrer_host", empty="Direct"),
]


def plainly(visits: list[ScanEvent], dimensions: list[Dimension], window: Window, kinds: list[Kind]) -> Lifetime:
    everything = vs.counted(visits, kinds)
    per_day = Counter(vs.at(visit).date() for visit in everything)
    values = {}
    for one in dimensions:
        shown = Counter(
            one.not_human
            if one.not_human is not None and visit.kind != "human"
            else getattr(visit, one.name) or one.empty
            for visit in everything
        )
        values[one.name] = [
            Ranked(value, n) for value, n in sorted(shown.items(), key=lambda pair: (-pair[1], pair[0]))
        ]
    return Lifetime(
        total=len(everything),
        visitors=len({(vs.at(visit).date(), visit.visitor) for visit in vs.counted(everything, ["human"])}),
        last=max((vs.at(visit) for visit in everything), default=None),
        daily=[Day(day, per_day[day]) for day in window],
        values=values,
    )


class Case(msgspec.Struct, frozen=True):
    batches: list[list[ScanEvent]]
    days: int
    kinds: list[Kind]
    dimensions: list[Dimension]
    now: datetime


cases = st.builds(
    Case,
    batches=st.lists(vs.visits, max_size=3),
    days=st.sampled_from([1, 14, 365]),
    kinds=st.sampled_from([list(KINDS), ["human"], ["human", "bot"], ["bot"]]),
    dimensions=st.sampled_from([DIMENSIONS, DIMENSIONS[:1], DIMENSIONS[:2]]),
    now=st.sampled_from([vs.NOW, vs.NOW.replace(hour=0), vs.NOW.replace(hour=23, minute=59)]),
)


@settings(max_examples=64 // vs.CODES, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=st.lists(cases, min_size=vs.CODES, max_size=vs.CODES))
@example(world=[Case([], 14, list(KINDS), DIMENSIONS, vs.NOW)])
def test_it_agrees_with_a_plain_count(client: Client, world: list[Case]) -> None:
    numbers = vs.store_codes(client, [case.batches for case in world])
    for number, case in zip(numbers, world, strict=True):
        window = trailing(case.days, case.now)
        found = lifetime(client, 1, number, case.dimensions, window=window, kinds=case.kinds)
        visits = [visit for batch in case.batches for visit in batch]
        assert found == plainly(visits, case.dimensions, window, case.kinds)
        assert all(sum(entry.n for entry in ranked) == found.total for ranked in found.values.values())
        assert found.visitors <= found.total


def test_a_code_without_visits(client: Client) -> None:
    window = Window(date(2028, 3, 5), date(2028, 3, 6))
    assert lifetime(client, 1, 2**63, DIMENSIONS, window=window, kinds=KINDS) == Lifetime(
        total=0,
        visitors=0,
        last=None,
        daily=[Day(date(2028, 3, 5), 0), Day(date(2028, 3, 6), 0)],
        values={"country": [], "device": [], "referrer_host": []},
    )
