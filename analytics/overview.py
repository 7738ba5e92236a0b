"""One code on one page: total, days, hours of the week, top lists, points on a map.

Reads two rollups. Total, days and week come from one read of the quarter-hours, so they agree even while scans arrive;
top lists and points come from the rollup by value.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.breakdown import Breakdown, Dimension, breakdowns
from analytics.pins import Pin, pins
from analytics.types import Day
from analytics.window import Window, span, zero_fill
from schemas.event import Kind


class Overview(msgspec.Struct, frozen=True):
    """`total` is of all time; the rest is of the window's UTC days."""

    total: int
    window_total: int
    # One for each day of the window, oldest first, zero-filled.
    daily: list[Day]
    # Seven rows, Monday first, of 24 hours.
    week: list[list[int]]
    by: dict[str, Breakdown]
    # At most `points`, those with the most scans first.
    pins: list[Pin]


# All hours outside the window are added up as hour 0, which no window starts with.
_SQL = """
SELECT if(bucket >= toDateTime({start:UInt32}, 'UTC') AND bucket < toDateTime({end:UInt32}, 'UTC'),
          intDiv(toUnixTimestamp(bucket), 3600), 0) AS hour, sum(n)
FROM scans_by_time
WHERE workspace = {workspace:UInt64} AND code = {code:UInt64} AND kind IN {kinds:Array(String)}
GROUP BY hour
"""


def overview(
    client: Client,
    workspace: int,
    code: int,
    *,
    window: Window,
    kinds: Collection[Kind],
    dimensions: Sequence[Dimension],
    points: int = 200,
) -> Overview:
    """Blocks; raises what clickhouse-connect raises."""
    whole = span(window)
    result = client.query(
        _SQL,
        parameters={
            "workspace": workspace,
            "code": code,
            "kinds": list(kinds),
            "start": round(whole.start.timestamp()),
            "end": round(whole.end.timestamp()),
        },
    )
    hours: dict[int, int] = {row[0]: row[1] for row in result.result_rows}
    outside = hours.pop(0, 0)
    per_day = Counter[date]()
    week = [[0] * 24 for _ in range(7)]
    for hour, n in hours.items():
        at = datetime.fromtimestamp(hour * 3600, UTC)
        per_day[at.date()] += n
        week[at.weekday()][at.hour] += n
    inside = sum(hours.values())
    return Overview(
        total=inside + outside,
        window_total=inside,
        daily=zero_fill(window, per_day),
        week=week,
        by=breakdowns(client, workspace, code, dimensions, kinds=kinds, window=window),
        pins=pins(client, workspace, code, window=window, kinds=kinds, limit=points),
    )
