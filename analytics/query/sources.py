"""The tables that a question can be answered from: the scans, and their sums.

Each names its columns in its own way; keys and filters are written over `Columns`, so they are the same for all.
"""

from typing import Literal

import msgspec

from analytics.query.catalogue import DIMENSIONS

DAY_MS, QUARTER_MS = 86_400_000, 900_000


class Columns(msgspec.Struct, frozen=True):
    """`seconds` is SQL for the second since 1970 (of the begin of a sum's period). `value`: the column that holds the
    value of the one dimension that a sum is of."""

    seconds: str
    value: str | None = None

    def of(self, dimension: str) -> str:
        """A scan's value in a dimension of the family `scan`."""
        if dimension == "scan:kind" or self.value is None:
            return DIMENSIONS[dimension].sql
        return self.value

    def text(self, dimension: str) -> str:
        """The same as a text, to search in it."""
        sql = self.of(dimension)
        return f"toString({sql})" if dimension in ("scan:kind", "scan:outcome") else sql


RAW_COLUMNS = Columns("toUnixTimestamp(ts)")


class Source(msgspec.Struct, frozen=True):
    """`n`, `visitors` and `last` are SQL for a group; of the sums by value only `n` is known. `moment` is the column of
    time, `step_ms` the length of its periods (None: months; 0: scans have no period)."""

    table: str
    columns: Columns
    moment: str
    step_ms: int | None
    n: str = "sum(n)"
    visitors: str = ""
    last: str = ""
    # The dimension that sums by value are asked for.
    dimension: str | None = None

    @property
    def kind(self) -> Literal["raw", "rollup"]:
        return "raw" if self.table == "scans" else "rollup"


# Of whole months no scan's time needs to be read: they are partitions of the table.
RAW_MONTHS = Source(
    "scans",
    RAW_COLUMNS,
    "_partition_id",
    None,
    n="count()",
    visitors="uniqExactState(visitor)",
    last="toUnixTimestamp64Milli(max(ts))",
)
RAW = Source(
    "scans",
    RAW_COLUMNS,
    "ts",
    0,
    n="count()",
    visitors="uniqExactState(visitor)",
    last="toUnixTimestamp64Milli(max(ts))",
)


def by_time(table: Literal["scans_by_time", "workspace_by_time"]) -> Source:
    return Source(
        table,
        Columns("toUnixTimestamp(bucket)"),
        "bucket",
        QUARTER_MS,
        visitors="uniqExactMergeState(visitors)",
        last="toUnixTimestamp64Milli(max(last))",
    )


def by_value(table: Literal["scans_by_value", "workspace_by_value"], dimension: str) -> Source:
    return Source(table, _of_value("day", dimension), "day", DAY_MS, dimension=_sum_name(dimension))


def by_month(dimension: str) -> Source:
    return Source("workspace_by_month", _of_value("month", dimension), "month", None, dimension=_sum_name(dimension))


def _sum_name(dimension: str) -> str:
    return DIMENSIONS[dimension].rollup or dimension


def _of_value(moment: str, dimension: str) -> Columns:
    return Columns(f"toUnixTimestamp(toDateTime({moment}, 'UTC'))", value=None if dimension == "code" else "value")
