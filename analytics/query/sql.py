"""The queries that a question becomes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.query.filters import Parameters
from analytics.query.keys import Key
from schemas.event import COUNTED, Kind


class Rows(msgspec.Struct, frozen=True):
    """Which rows of `scans` count: those of [start, end) that meet the condition."""

    workspace: int
    start: datetime
    end: datetime
    kinds: tuple[Kind, ...]
    # Only scans that reached a destination or a page.
    counted: bool
    condition: str


class Measures(msgspec.Struct, frozen=True):
    """What is worked out of each group besides the number of scans."""

    visitors: bool = False
    last: bool = False


class Group(msgspec.Struct, frozen=True):
    """`keys` as the warehouse has them."""

    keys: tuple[object, ...]
    scans: int
    visitors: int = 0
    last_ms: int | None = None


NO_SCANS = Group((), 0)


def rows_sql(rows: Rows, parameters: Parameters) -> str:
    """The condition on `scans`."""
    start, end = (parameters.add(_ms(moment), "Int64") for moment in (rows.start, rows.end))
    parts = [
        f"workspace = {parameters.add(rows.workspace, 'UInt64')} AND code != 0",
        f"ts >= fromUnixTimestamp64Milli({start}, 'UTC') AND ts < fromUnixTimestamp64Milli({end}, 'UTC')",
        f"kind IN {parameters.add(list(rows.kinds), 'Array(String)')}",
        f"({rows.condition})",
    ]
    if rows.counted:
        parts.append(f"outcome IN {parameters.add(list(COUNTED), 'Array(String)')}")
    return " AND ".join(parts)


def groups(
    client: Client, rows: Rows, keys: Sequence[str], measures: Measures, parameters: Parameters, *, most: int
) -> list[Group]:
    """One group for each combination of the keys (SQL), at most `most`; without keys one, also of no rows."""
    named = [f"{sql} AS k{at}" for at, sql in enumerate(keys)]
    values = [
        "count() AS n",
        "uniqExact(visitor)" if measures.visitors else "0",
        "toUnixTimestamp64Milli(max(ts))" if measures.last else "0",
    ]
    by = f"GROUP BY {', '.join(f'k{at}' for at in range(len(keys)))}" if keys else ""
    result = client.query(
        f"SELECT {', '.join([*named, *values])} FROM scans WHERE {rows_sql(rows, parameters)} {by} "  # noqa: S608
        f"LIMIT {most}",
        parameters=parameters.values,
    )
    width = len(keys)
    return [
        Group(
            tuple(row[:width]),
            row[width],
            row[width + 1],
            row[width + 2] if measures.last and row[width] else None,
        )
        for row in result.result_rows
    ]


def none_of(keys: Sequence[Key], listed: Sequence[tuple[object, ...]], parameters: Parameters) -> str:
    """The condition that the keys are none of these."""
    columns = [
        parameters.array([one[at] for one in listed], "String" if isinstance(listed[0][at], str) else "UInt64")
        for at in range(len(keys))
    ]
    values = columns[0] if len(columns) == 1 else f"arrayZip({', '.join(columns)})"
    names = ", ".join(key.sql for key in keys)
    return f"({names}) NOT IN {values}"


def first_scan(client: Client, workspace: int) -> datetime | None:
    """When the workspace's first scan was."""
    n, first = client.query(
        "SELECT count(), min(ts) FROM scans WHERE workspace = {workspace:UInt64} AND code != 0",
        parameters={"workspace": workspace},
    ).result_rows[0]
    return first if n else None


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
