"""Scans without a destination: unknown links, bare hosts, codes that have expired, used up their limit or not started.

No total and no rollup counts them, so the query counts raw rows: unknown links are stored under code 0, the others are
among all rows of the window.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.types import Day
from analytics.window import Window, instant, midnight, span

# `unknown`: a link that does not exist, or the bare host.
ENDS = ("unknown", "expired", "limited", "early")


class Orphaned(msgspec.Struct, frozen=True):
    """The scans of one host. `by` has each of ENDS and adds up to `total`; `humans` counts those by people, `last` is
    the time of the latest."""

    host: str
    by: dict[str, int]
    total: int
    humans: int
    last: datetime


class Orphans(msgspec.Struct, frozen=True):
    """`hosts` by total descending, then by name. `daily` is the sum of all hosts, zero-filled, oldest first."""

    hosts: list[Orphaned]
    daily: list[Day]


# Hosts are few: the short one and the domains of one workspace. Events never hold a host as the request spells it.
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
    """The orphans of the workspace, and those of unknown links on the shared short host. With a `host`, only of that
    one. Blocks; raises what clickhouse-connect raises."""
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
        last=instant(last_ms),
    )
