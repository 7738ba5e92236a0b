"""One code at a glance: totals, daily series and leading values.

All of it comes from one read of one rollup, so the answer is consistent even while scans arrive: the series and each
breakdown add up to the same total.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.breakdown import COUNTING_DIMENSION
from analytics.types import Day, Ranked
from analytics.window import trailing, zero_fill
from schemas.event import Kind

__all__ = ["Day", "Ranked", "Summary", "summary"]


class Summary(msgspec.Struct, frozen=True):
    """`total`, `last7` and `leaders` do not depend on the window; the rest is of the window."""

    total: int
    last7: int
    # Each dimension's most frequent value of all time; None without scans.
    leaders: dict[str, str | None]
    window_total: int
    # One entry for each day of the window, oldest first, today last, zero-filled.
    daily: list[Day]
    # Each dimension's most frequent values: count descending, then value ascending.
    top: dict[str, list[Ranked]]


_SQL = """
SELECT
    dimension,
    sum(ever) AS total,
    argMin(shown, (-toInt64(ever), shown)) AS leader,
    sumMap(by_day.1, by_day.2) AS daily,
    arraySlice(arraySort(p -> (-toInt64(p.2), p.1), groupArrayIf((shown, within), within > 0)), 1, {top:UInt64})
        AS ranked
FROM (
    SELECT
        dimension,
        if(value = '', transform(dimension, {dimensions:Array(String)}, {names:Array(String)}, ''), value) AS shown,
        sum(n) AS ever,
        sumIf(n, day BETWEEN {first:Date} AND {last:Date}) AS within,
        sumMapIf([day], [n], dimension = {counting:String} AND day BETWEEN {earliest:Date} AND {last:Date}) AS by_day
    FROM scans_by_value
    WHERE workspace = {workspace:UInt64} AND code = {code:UInt64}
      AND dimension IN {read:Array(String)} AND kind IN {kinds:Array(String)}
    GROUP BY dimension, shown
)
GROUP BY dimension
"""


def summary(
    client: Client,
    workspace: int,
    code: int,
    *,
    days: int,
    now: datetime,
    kinds: Collection[Kind],
    dimensions: Mapping[str, str],
    top: int = 8,
) -> Summary:
    """The last `days` UTC days of the workspace's code with this number, counting scans of these `kinds`.

    `dimensions` maps each dimension to break down by (see `scans_by_value`) to the name for scans without a value;
    values are ordered as shown. Blocks; takes milliseconds. Raises what clickhouse-connect raises.
    """
    window, week = trailing(days, now), trailing(7, now)
    names = dict(dimensions)
    result = client.query(
        _SQL,
        parameters={
            "workspace": workspace,
            "code": code,
            "kinds": list(kinds),
            "dimensions": list(names),
            "names": list(names.values()),
            "read": list({*names, COUNTING_DIMENSION}),
            "counting": COUNTING_DIMENSION,
            "first": window.first,
            "last": window.last,
            "earliest": min(window.first, week.first),
            "top": top,
        },
    )
    found = {row[0]: row[1:] for row in result.result_rows}
    total, _, (dates, counts), _ = found.get(COUNTING_DIMENSION, (0, None, ([], []), []))
    by_day = dict(zip(dates, counts, strict=True))
    daily = zero_fill(window, by_day)
    return Summary(
        total=total,
        last7=sum(by_day.get(day, 0) for day in week),
        leaders={name: found[name][1] if name in found else None for name in names},
        window_total=sum(day.n for day in daily),
        daily=daily,
        top={name: [Ranked(*pair) for pair in found[name][3]] if name in found else [] for name in names},
    )
