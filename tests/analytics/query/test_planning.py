"""Sums answer what they are of; what begins or ends within their periods is counted from the scans."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.query.code_sets import ALL_CODES, CodeSet
from analytics.query.dates import Range, buckets
from analytics.query.grammar import parse
from analytics.query.planning import FEW_CODES, Piece, plan
from analytics.query.sql import milliseconds
from tests.analytics.query.scans import ZONES

YEAR = Range(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, 10, 7, 3, tzinfo=UTC))
CODE = CodeSet(frozenset([7]))
MANY = CodeSet(frozenset(range(FEW_CODES + 1)))


def planned(asked: dict[str, Any], codes: CodeSet = ALL_CODES, whole: Range = YEAR) -> list[Piece]:
    query = parse({"metrics": ["scans"], "date_range": "all", **asked})
    parts = buckets(query.time_dimension, whole, query.zone) if query.time_dimension else []
    return plan(query, codes, (milliseconds(whole.start), milliseconds(whole.end)), parts)


COUNTRY, TAG = ["is", "scan:country", ["DE"]], ["is", "code:tag", ["poster"]]


@pytest.mark.parametrize(
    ("asked", "codes", "tables"),
    [
        ({}, ALL_CODES, "workspace_by_time scans"),
        ({"metrics": ["visitors", "last_scan"]}, ALL_CODES, "workspace_by_time scans"),
        ({"dimensions": ["time:hour"], "kinds": ["bot"]}, ALL_CODES, "workspace_by_time scans"),
        ({"dimensions": ["scan:kind"], "timezone": "Asia/Kathmandu"}, ALL_CODES, "workspace_by_time scans"),
        ({"dimensions": ["time:day"], "filters": [TAG]}, CODE, "scans_by_time scans"),
        ({"dimensions": ["code:folder"], "filters": [TAG], "metrics": ["visitors"]}, MANY, "scans_by_time scans"),
        ({"dimensions": ["code"]}, ALL_CODES, "workspace_by_month scans"),
        ({"dimensions": ["code:tag", "time:day"]}, ALL_CODES, "workspace_by_value scans"),
        ({"dimensions": ["scan:country"]}, ALL_CODES, "workspace_by_month scans"),
        ({"dimensions": ["scan:country", "time:month", "scan:kind"]}, ALL_CODES, "workspace_by_month scans"),
        ({"dimensions": ["scan:country"], "filters": [["not", COUNTRY]]}, ALL_CODES, "workspace_by_month scans"),
        ({"filters": [COUNTRY]}, ALL_CODES, "workspace_by_month scans"),
        (
            {"dimensions": ["scan:country", "time:week"], "timezone": "Europe/Berlin"},
            ALL_CODES,
            "workspace_by_value scans",
        ),
        ({"dimensions": ["scan:country"], "filters": [TAG]}, CODE, "scans_by_value scans"),
        ({"dimensions": ["scan:country", "code"], "filters": [TAG]}, CODE, "scans_by_value scans"),
        # No sum knows these.
        ({"dimensions": ["scan:country"], "filters": [TAG]}, MANY, "scans"),
        ({"dimensions": ["scan:country"], "filters": [TAG]}, ~CODE, "scans"),
        ({"dimensions": ["scan:country"], "metrics": ["visitors"]}, ALL_CODES, "scans"),
        ({"dimensions": ["scan:country", "time:hour"]}, ALL_CODES, "scans"),
        ({"dimensions": ["scan:country", "time:day"], "timezone": "Europe/Berlin"}, ALL_CODES, "scans"),
        ({"dimensions": ["scan:country", "scan:os"]}, ALL_CODES, "scans"),
        ({"dimensions": ["scan:os"], "filters": [["not", COUNTRY]]}, ALL_CODES, "scans"),
        ({"dimensions": ["scan:outcome"]}, ALL_CODES, "scans"),
        ({"dimensions": ["code"], "metrics": ["visitors"]}, ALL_CODES, "scans"),
    ],
)
def test_the_smallest_table_that_knows_is_asked(asked: dict[str, Any], codes: CodeSet, tables: str) -> None:
    assert " ".join(dict.fromkeys(piece.source.table for piece in planned(asked, codes))) == tables


@given(
    start=st.integers(0, 3 * 366 * 96).map(
        lambda quarters: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarters)
    ),
    length=st.timedeltas(timedelta(milliseconds=1), timedelta(days=500)),
    zone=st.sampled_from(ZONES),
    asked=st.sampled_from(
        [
            {},
            {"dimensions": ["scan:country"]},
            {"dimensions": ["scan:country", "time:day"]},
            {"dimensions": ["time:week", "scan:country"]},
            {"dimensions": ["time:month", "code"]},
        ]
    ),
)
def test_the_pieces_hold_each_moment_once(start: datetime, length: timedelta, zone: str, asked: dict[str, Any]) -> None:
    whole = Range(start, start + length)
    pieces = planned(asked | {"timezone": zone}, whole=whole)
    intervals = sorted(interval for piece in pieces for interval in piece.intervals)
    assert intervals[0][0] == milliseconds(whole.start) and intervals[-1][1] == milliseconds(whole.end)
    assert all(one[1] == other[0] for one, other in pairwise(intervals))
    assert all(one[0] < one[1] for one in intervals)
    unit = next((name for name in asked.get("dimensions", []) if name.startswith("time:")), None)
    inner = {part.start * 1000 for part in buckets(unit, whole, ZoneInfo(zone))} if unit else set()
    for piece in pieces:
        step = piece.source.step_ms
        for interval in piece.intervals:
            if step:
                assert not interval[0] % step and not interval[1] % step
            elif step is None:
                assert all(datetime.fromtimestamp(ms / 1000, UTC).day == 1 for ms in interval)
            if piece.source.kind == "rollup":
                # No part of time begins within a period of the sums.
                assert not any(interval[0] < moment < interval[1] and moment % (step or 86_400_000) for moment in inner)
