"""Visits that found nothing to lead to: links that are not there, bare hosts, and codes that are over or not yet begun.

They are in no total and in no rollup, so they are counted from raw rows: those of unknown links are stored under the
code 0, the others are looked for among all rows of the window.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.answers import Day
from analytics.window import Window, midnight, span

# `unknown` is a link that is not there, or the bare host.
ENDS = ("unknown", "expired", "limited", "early")


class Orphaned(msgspec.Struct, frozen=True):
    """One host's. `by` has each of ENDS and adds up to `total`; `humans` are those by people, `last` is when the
    latest came."""

    host: str
    by: dict[str, int]
    total: int
    humans: int
    last: datetime


class Orphans(msgspec.Struct, frozen=True):
    """`hosts`: most first, then by name. `daily` is of all of them, zero-filled, oldest first."""

    hosts: list[Orphaned]
    daily: list[Day]


# Hosts are few: the short one and the domains of one workspace. What a request calls a host is in no event.
_SQL = """
SELECT host, roundDown(toUInt32(toUnixTimestamp(ts)), {starts:Array(UInt32)}) AS start, toString(outcome) AS end,
       count(), countIf(kind = 'human'), toUnixTimestamp64Milli(max(ts))
FROM scans
WHERE ts >= fromUnixTimestamp64Milli({first:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({after:Int64}, 'UTC')
  AND outcome IN {ends:Array(String)} AND ({host:String} = '' OR host = {host:String})
  AND (workspace = {workspace:UInt64} AND code != 0 OR code = 0 AND workspace IN (0, {workspace:UInt64}))
GROUP BY host, start, end
"""


def orphans(client: Client, workspace: int, *, window: Window, host: str = "", zone: tzinfo = UTC) -> Orphans:
    """The workspace's own, and those of unknown links at the host that all share. With a `host`, that one's only.
    Blocks; raises what clickhouse-connect raises."""
    whole = span(window, zone)
    starts = [round(midnight(day, zone).timestamp()) for day in window]
    rows = client.query(
        _SQL,
        parameters={
            "workspace": workspace,
            "host": host,
            "ends": list(ENDS),
            "starts": starts,
            "first": round(whole.start.timestamp() * 1000),
            "after": round(whole.end.timestamp() * 1000),
        },
    ).result_rows
    of_host: dict[str, list[Sequence[Any]]] = {}
    of_day: Counter[int] = Counter()
    for row in rows:
        of_host.setdefault(row[0], []).append(row)
        of_day[row[1]] += row[3]
    hosts = sorted((_host(name, found) for name, found in of_host.items()), key=lambda one: (-one.total, one.host))
    return Orphans(hosts, [Day(day, of_day[start]) for day, start in zip(window, starts, strict=True)])


def _host(name: str, rows: Sequence[Sequence[Any]]) -> Orphaned:
    by = dict.fromkeys(ENDS, 0)
    for _, _, end, n, _, _ in rows:
        by[end] += n
    last_ms = max(row[5] for row in rows)
    return Orphaned(
        host=name,
        by=by,
        total=sum(by.values()),
        humans=sum(row[4] for row in rows),
        last=datetime.fromtimestamp(last_ms // 1000, UTC).replace(microsecond=last_ms % 1000 * 1000),
    )
