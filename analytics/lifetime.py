"""One code from its first scan to now: total, visitors, last scan, and all values of its dimensions.

Two reads. Total, values and days come from the second, so the values of each dimension add up to the total, and the
days to no more than it, even while scans arrive. Visitors and the last scan are read first, so there are never more
visitors than scans.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.breakdown import COUNTING_DIMENSION, SHOWN, Dimension, named
from analytics.types import HUMANS, Day, Ranked
from analytics.window import Window, instant, zero_fill
from schemas.event import Kind


class Lifetime(msgspec.Struct, frozen=True):
    """All of it is of all time, except `daily`. `visitors` are the people of each UTC day, added up; `last` is None
    without scans."""

    total: int
    visitors: int
    last: datetime | None
    # One entry for each day of the window, oldest first, zero-filled.
    daily: list[Day]
    # All values of each dimension: count descending, then value ascending.
    values: dict[str, list[Ranked]]


_VALUES = f"""
SELECT dimension,
       arraySort(p -> (-toInt64(p.2), p.1), groupArray((shown, visits))) AS ranked,
       sum(visits),
       sumMap(by_day.1, by_day.2) AS daily
FROM (
    SELECT dimension, {SHOWN} AS shown, sum(n) AS visits,
           sumMapIf([day], [n], dimension = {{counting:String}} AND day BETWEEN {{first:Date}} AND {{last:Date}})
               AS by_day
    FROM (
        SELECT toString(dimension) AS dimension, value, kind = 'human' AS human, day, toUInt64(n) AS n
        FROM scans_by_value
        WHERE workspace = {{workspace:UInt64}} AND code = {{code:UInt64}}
          AND dimension IN {{read:Array(String)}} AND kind IN {{kinds:Array(String)}}
    )
    GROUP BY dimension, shown
)
GROUP BY dimension
"""  # noqa: S608 (our SQL)

_VISITS = """
SELECT sum(visitors), toUnixTimestamp64Milli(max(last)), count() FROM (
    SELECT uniqExactMergeIf(visitors, kind IN {people:Array(String)}) AS visitors, max(last) AS last FROM scans_by_time
    WHERE workspace = {workspace:UInt64} AND code = {code:UInt64} AND kind IN {kinds:Array(String)}
    GROUP BY toDate(bucket, 'UTC')
)
"""


def lifetime(
    client: Client,
    workspace: int,
    code: int,
    dimensions: Sequence[Dimension],
    *,
    window: Window,
    kinds: Collection[Kind],
    people: Collection[Kind] = HUMANS,
) -> Lifetime:
    """The scans of these `kinds`; those of the kinds `people` count as visitors. Ignores `limit` and `skip_empty` of
    the dimensions. Blocks, longest for the visitors; raises what clickhouse-connect raises."""
    asked = {"workspace": workspace, "code": code, "kinds": list(kinds)}
    visitors, last_ms, days = client.query(_VISITS, parameters={**asked, "people": list(people)}).result_rows[0]
    result = client.query(
        _VALUES,
        parameters={
            **asked,
            **named(dimensions),
            "read": list({COUNTING_DIMENSION, *(one.name for one in dimensions)}),
            "counting": COUNTING_DIMENSION,
            "first": window.first,
            "last": window.last,
        },
    )
    found = {row[0]: row[1:] for row in result.result_rows}
    _, total, (dates, counts) = found.get(COUNTING_DIMENSION, ([], 0, ([], [])))
    by_day = dict(zip(dates, counts, strict=True))
    return Lifetime(
        total=total,
        visitors=visitors,
        last=instant(last_ms) if days else None,
        daily=zero_fill(window, by_day),
        values={one.name: [Ranked(*pair) for pair in found.get(one.name, ([],))[0]] for one in dimensions},
    )
