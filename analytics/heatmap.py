"""At what hours of the week visits come."""

from collections.abc import Collection
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client

from analytics.window import Window, span
from schemas.event import Kind

_UTC = ZoneInfo("UTC")


def by_hour(
    client: Client, code: int, *, window: Window, kinds: Collection[Kind], zone: ZoneInfo = _UTC
) -> list[list[int]]:
    """Seven rows, Monday first, of 24 hours, from midnight on. Blocks; raises what clickhouse-connect raises."""
    whole = span(window, zone)
    result = client.query(
        "SELECT toDayOfWeek(bucket, 0, {zone:String}) AS weekday, toHour(bucket, {zone:String}) AS hour, sum(n)"
        " FROM scans_by_time WHERE code = {code:UInt64} AND kind IN {kinds:Array(String)}"
        " AND bucket >= toDateTime({start:UInt32}, 'UTC') AND bucket < toDateTime({end:UInt32}, 'UTC')"
        " GROUP BY weekday, hour",
        parameters={
            "code": code,
            "kinds": list(kinds),
            "zone": zone.key,
            "start": round(whole.start.timestamp()),
            "end": round(whole.end.timestamp()),
        },
    )
    grid = [[0] * 24 for _ in range(7)]
    for weekday, hour, n in result.result_rows:
        grid[weekday - 1][hour] = n
    return grid
