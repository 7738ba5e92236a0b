"""Visits that found nothing, against a plain count."""

import msgspec
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.orphans import ENDS, Orphans, orphans
from analytics.types import Day
from analytics.window import trailing
from schemas.event import EVENT_COLUMNS, ScanEvent
from tests.analytics import visits as vs

_HOSTS = st.sampled_from(["s.example", "go.brand.example", "xn--bcher-kva.example", 'it\'s "one"'])
_places = st.lists(st.tuples(_HOSTS, st.integers(0, 3)), min_size=60, max_size=60)
_runs = iter(range(1, 1_000_000))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(visits=vs.visits, places=_places, days=st.integers(1, 12), host=st.just("") | _HOSTS)
def test_they_agree_with_a_plain_count(
    client: Client, visits: list[ScanEvent], places: list[tuple[str, int]], days: int, host: str
) -> None:
    # Workspaces of this run: 0 is nobody's, and stays between runs, so hosts are of this run, too.
    run = next(_runs)
    own = f"r{run}."
    events = [
        msgspec.structs.replace(
            event,
            code=0 if event.outcome == "unknown" else run,
            workspace=0 if workspace == 0 else run * 10 + workspace,
            host=own + name,
        )
        for event, (name, workspace) in zip(visits, places, strict=False)
    ]
    if events:
        columns = ["ts_ms" if name == "ts" else name for name in EVENT_COLUMNS]
        lines = b"\n".join(
            msgspec.json.encode(msgspec.structs.replace(event, source=run, seq=seq))
            for seq, event in enumerate(events, 1)
        )
        client.raw_insert("scans", columns, lines, fmt="JSONCompactEachRow")
    window = trailing(days, vs.NOW)
    asked = own + host if host else ""
    found = orphans(client, run * 10 + 1, window=window, host=asked)
    ours = [
        event
        for event in events
        if event.outcome in ENDS
        and vs.at(event).date() in window
        and (event.workspace == run * 10 + 1 or (event.code == 0 and event.workspace == 0))
        and (not asked or event.host == asked)
    ]
    of_run = [one for one in found.hosts if one.host.startswith(own)]
    assert {one.host: (one.by, one.total, one.humans) for one in of_run} == {
        name: (
            {end: sum(e.outcome == end for e in there) for end in ENDS},
            len(there),
            sum(e.kind == "human" for e in there),
        )
        for name in {event.host for event in ours}
        if (there := [event for event in ours if event.host == name])
    }
    for one in of_run:
        assert round(one.last.timestamp() * 1000) == max(e.ts_ms for e in ours if e.host == one.host)
    assert [(-one.total, one.host) for one in found.hosts] == sorted((-one.total, one.host) for one in found.hosts)
    if asked:
        assert found.daily == [Day(day, sum(vs.at(e).date() == day for e in ours)) for day in window]
    assert sum(day.n for day in found.daily) == sum(one.total for one in found.hosts)


def test_nothing_is_an_answer(client: Client) -> None:
    window = trailing(3, vs.NOW)
    assert orphans(client, 999_999_999, window=window, host="nobody.example") == Orphans(
        [], [Day(day, 0) for day in window]
    )
