"""Locations of scans as points on a map, to a tenth of a degree."""

from collections import Counter
from collections.abc import Collection

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.window import Window
from schemas.event import Kind


class Pin(msgspec.Struct, frozen=True):
    """A point and its scans. `city` is the most frequent one there ("" if none is known), with its country."""

    lat: float
    lon: float
    city: str
    country: str
    n: int


def pins(
    client: Client, workspace: int, code: int, *, window: Window, kinds: Collection[Kind], limit: int = 200
) -> list[Pin]:
    """The points with the most scans on the window's UTC days: count descending, then south before north, then west
    before east. Blocks; raises what clickhouse-connect raises."""
    result = client.query(
        # A city may hold any character: the point comes before the first two tabs, the country after the last.
        "SELECT toFloat64(parts[1]) + 0 AS lat, toFloat64(parts[2]) + 0 AS lon, sum(count) AS visits,"
        " groupArray((arrayStringConcat(arraySlice(parts, 3, length(parts) - 3), '\\t'), parts[-1], count))"
        " FROM (SELECT splitByChar('\\t', value) AS parts, sum(n) AS count FROM scans_by_value"
        "   WHERE workspace = {workspace:UInt64} AND code = {code:UInt64}"
        "   AND dimension = 'pin' AND value != '' AND kind IN {kinds:Array(String)}"
        "   AND day BETWEEN {first:Date} AND {last:Date} GROUP BY value)"
        " GROUP BY lat, lon ORDER BY visits DESC, lat, lon LIMIT {limit:UInt32}",
        parameters={
            "workspace": workspace,
            "code": code,
            "kinds": list(kinds),
            "first": window.first,
            "last": window.last,
            "limit": limit,
        },
    )
    return [Pin(lat, lon, *_name(cities), n) for lat, lon, n, cities in result.result_rows]


def _name(cities: Collection[tuple[str, str, int]]) -> tuple[str, str]:
    counts: Counter[tuple[str, str]] = Counter()
    for city, country, n in cities:
        counts[city, country] += n
    # Named cities before nameless ones; then count descending, then name ascending.
    return min(counts, key=lambda city: (city[0] == "", -counts[city], city))
