"""The people of a whole workspace in parts of time: from counts of days that are over, where there are any.

A year has 35,000 quarters of an hour, and merging the sets of people of each takes seconds. The hash of a visitor is
another one each UTC day, so days are added up, and those that are over have been counted (`analytics.visitor_counts`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query.code_sets import CodeSet
from analytics.query.dates import Bucket
from analytics.query.grammar import Query
from analytics.query.planning import Interval
from analytics.query.sources import DAY_MS, QUARTER_MS
from analytics.visitor_counts import visitors
from analytics.window import Span

# So many scans' visitors are merged sooner than their counts are looked up.
FEW = 200_000

_PARTS = frozenset({"time:day", "time:week", "time:month", "time:year"})


class Cut(msgspec.Struct, frozen=True):
    """Whole UTC days, which may have been counted, and what is left: a part of the last day, or nothing."""

    days: Interval
    rest: Interval


def cut(query: Query, codes: CodeSet, interval: Interval, parts: Sequence[Bucket]) -> Cut | None:
    """None for a question that the counts do not answer."""
    start, end = interval
    midnight = end // DAY_MS * DAY_MS
    if (
        "visitors" not in query.metrics
        or query.filters
        or not codes.everything
        or len(query.kinds) != 1
        or query.include.remainder
        or not set(query.dimensions) <= _PARTS
        or start % QUARTER_MS
        or any(part.start * 1000 % QUARTER_MS for part in parts)
        or midnight - start < DAY_MS
    ):
        return None
    return Cut((start, midnight), (midnight, end))


def people(client: Client, workspace: int, query: Query, days: Interval, parts: Sequence[Bucket]) -> list[int]:
    """Of each part; without parts, of all. Blocks; raises what clickhouse-connect raises."""
    start, end = days
    marks = [max(part.start * 1000, start) for part in parts] or [start]
    spans = [
        Span(_moment(min(first, end)), _moment(min(after, end)))
        for first, after in zip(marks, [*marks[1:], end], strict=True)
    ]
    whole = [span for span in spans if span.start < span.end]
    found = iter(visitors(client, workspace, whole, kind=query.kinds[0]))
    return [next(found) if span.start < span.end else 0 for span in spans]


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC)
