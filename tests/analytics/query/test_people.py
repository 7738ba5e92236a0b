"""A workspace's people of days that are over come from counts, not from sets that are merged."""

from datetime import UTC, datetime
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from aggregator.visitor_counts import count_visitors
from analytics import visitor_counts
from analytics.query import people
from analytics.query.answer import answer
from analytics.query.code_sets import ALL_CODES, CodeSet
from analytics.query.dates import Bucket
from analytics.query.grammar import parse
from tests.analytics.query.scans import NOWS, Attributes, codes_of, scans_of, store

DAY = 86_400_000
NOW = max(NOWS)


def question(**more: Any) -> dict[str, Any]:
    return {"metrics": ["visitors"], "date_range": "28d", **more}


@pytest.mark.parametrize(
    "more",
    [
        {"metrics": ["scans"]},
        {"filters": [["is", "scan:country", ["DE"]]]},
        {"kinds": ["human", "bot"]},
        {"dimensions": ["scan:country"]},
        {"dimensions": ["time:hour"]},
        {"dimensions": ["time:hour_of_week"]},
        {"include": {"remainder": True}},
    ],
)
def test_other_questions_are_answered_otherwise(more: dict[str, Any]) -> None:
    assert people.cut(parse(question(**more)), ALL_CODES, (0, 9 * DAY), []) is None


def test_only_of_all_codes_over_whole_days_and_quarters() -> None:
    query = parse(question())
    assert people.cut(query, ALL_CODES, (0, 9 * DAY + 5), []) == people.Cut((0, 9 * DAY), (9 * DAY, 9 * DAY + 5))
    assert people.cut(query, CodeSet(frozenset({1})), (0, 9 * DAY), []) is None
    assert people.cut(query, ALL_CODES, (1, 9 * DAY), []) is None
    assert people.cut(query, ALL_CODES, (DAY - 900_000, DAY + 5), []) is None
    # (Zones had such offsets long ago.)
    assert people.cut(query, ALL_CODES, (0, 9 * DAY), [Bucket(100, "a")]) is None


def test_no_day_that_was_counted_is_merged_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = codes_of(1)
    scans = scans_of(1, codes)
    store(client, scans)
    count_visitors(client, NOW.date(), least=1)
    merged: list[tuple[int, int]] = []
    states = visitor_counts._from_states

    def watched(client: Client, workspace: int, kind: Any, pieces: Any) -> dict[int, int]:
        merged.extend(pieces)
        return states(client, workspace, kind, pieces)

    monkeypatch.setattr(visitor_counts, "_from_states", watched)
    monkeypatch.setattr(people, "FEW", 0)
    found = answer(
        client,
        parse(question(dimensions=["time:day"], timezone="Europe/Berlin")),
        workspace=1,
        now=NOW,
        complete_until=NOW,
        codes=Attributes(codes),
    )
    met = {
        (scan.ts_ms // DAY, scan.visitor)
        for scan in scans
        if scan.code and scan.kind == "human" and scan.outcome in ("redirect", "page")
    }
    days = {datetime.fromtimestamp(start, UTC).date() for start, _ in merged}
    with_people = {datetime.fromtimestamp(day * DAY / 1000, UTC).date() for day, _ in met}
    assert days & with_people == set()
    assert sum(row.metrics != (0,) for row in found.results) > 3
