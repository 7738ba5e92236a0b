"""The raw table in slices of bounded size, so that work on all of it fits in memory.

A slice is some consecutive days of one year or, where a single day is too big, the codes (of a workspace's rollup: the
workspaces) of that day whose numbers share a remainder.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta

import msgspec
from clickhouse_connect.driver.client import Client

from infra.rollups import Rollup

# Scans in a slice. Each becomes one entry for each dimension before they are added up.
LIMIT = 1_000_000

# For sums over a slice: past this much memory they go on in files.
SPILL: dict[str, object] = {"max_bytes_before_external_group_by": 1 << 30, "max_threads": 2}


class Slice(msgspec.Struct, frozen=True):
    first: date
    last: date
    part: int = 0
    parts: int = 1

    def rows(self, rollup: Rollup) -> str:
        """The rows of the rollup's source, as a condition."""
        if rollup.source != "scans":
            return self._days(rollup.source_day, rollup)
        after = self.last + timedelta(days=1)
        days = f"ts >= toDateTime64('{self.first}', 3, 'UTC') AND ts < toDateTime64('{after}', 3, 'UTC')"
        return f"{days} AND {self._owners(rollup)}"

    def entries(self, rollup: Rollup) -> str:
        """The entries of the rollup, as a condition."""
        return self._days(rollup.day, rollup)

    def _days(self, day: str, rollup: Rollup) -> str:
        return f"{day} BETWEEN toDate('{self.first}') AND toDate('{self.last}') AND {self._owners(rollup)}"

    def _owners(self, rollup: Rollup) -> str:
        return f"{rollup.owner[-1]} % {self.parts} = {self.part}" if self.parts > 1 else "1"


def scans_by_day(client: Client) -> dict[date, int]:
    """All rows of `scans`, whatever their outcome, on each UTC day that has any."""
    rows = client.query("SELECT toDate(ts, 'UTC') AS day, count() FROM scans GROUP BY day").result_rows
    return {row[0]: row[1] for row in rows}


def slices_of(rollup: Rollup, scans: Mapping[date, int]) -> list[Slice]:
    """The slices in which a rollup is computed or compared. Months are whole: their source is small."""
    if rollup.period == "day":
        return slices(scans)
    months = sorted({(day.year, day.month) for day in scans})
    return [Slice(date(year, month, 1), date(year, month, monthrange(year, month)[1])) for year, month in months]


def slices(scans: Mapping[date, int], limit: int = LIMIT) -> list[Slice]:
    """In order of time. `scans` tells how many there are on each day to be covered; it may say 0."""
    found: list[Slice] = []
    held = limit
    for day, rows in sorted(scans.items()):
        if rows > limit:
            parts = -(-rows // limit)
            found += [Slice(day, day, part, parts) for part in range(parts)]
            held = limit
        elif found and held + rows <= limit and found[-1].last.year == day.year:
            found[-1] = Slice(found[-1].first, day)
            held += rows
        else:
            found.append(Slice(day, day))
            held = rows
    return found
