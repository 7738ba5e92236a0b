"""The rollups of `scans`: which there are, how each is keyed, and the SELECT that computes it.

Settle, rebuild, erasure and audit go through this list, so a rollup is added here and in the migrations. The
SELECT is defined once, by the views in the migrations; it is given for any part of the rows.
"""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec
from clickhouse_connect.driver.client import Client

from infra.migrate import migrations, statements

_RULE = re.compile(
    r"CREATE (?:MATERIALIZED VIEW IF NOT EXISTS \w+_mv TO (\w+)|VIEW IF NOT EXISTS (\w+)_rule) AS\s+(SELECT.*)",
    re.DOTALL,
)


class Rollup(msgspec.Struct, frozen=True):
    """`owner` says whose sums an entry holds, `key` which entry of theirs it is. `day` is SQL for the UTC day on which
    it begins, over its own columns. `source` is the table that it is computed from, `source_day` the same day over
    the columns of that one. `people`: an entry has `visitors` and `last` beside `n`. `fingerprint`: it has
    a sum that says which scans it counts."""

    table: str
    owner: tuple[str, ...]
    key: tuple[str, ...]
    day: str
    source: str = "scans"
    source_day: str = "toDate(ts, 'UTC')"
    period: Literal["day", "month"] = "day"
    people: bool = False
    fingerprint: bool = False


_CODE, _WORKSPACE = ("workspace", "code"), ("workspace",)
_BUCKET = "toDate(bucket, 'UTC')"

# A rollup stands behind its source.
ROLLUPS = {
    rollup.table: rollup
    for rollup in (
        Rollup("scans_by_time", _CODE, ("bucket", "kind"), _BUCKET, people=True),
        Rollup("scans_by_value", _CODE, ("dimension", "day", "value", "kind"), "day"),
        Rollup("workspace_by_time", _WORKSPACE, ("bucket", "kind"), _BUCKET, people=True, fingerprint=True),
        Rollup("workspace_by_value", _WORKSPACE, ("dimension", "day", "value", "code", "kind"), "day"),
        Rollup(
            "workspace_by_month",
            _WORKSPACE,
            ("dimension", "month", "value", "code", "kind"),
            "month",
            source="workspace_by_value",
            source_day="toStartOfMonth(day)",
            period="month",
        ),
    )
}


def rollup_select(table: str, condition: str = "1", source: str | None = None) -> str:
    """The SELECT that yields the rows of the rollup `table`, in the order of its columns, from those rows of its source
    that meet `condition` (SQL over the source's columns). `source` takes another table's place."""
    found = None
    for _, _, text in migrations():
        for statement in statements(text):
            rule = _RULE.fullmatch(statement)
            if rule and table in (rule[1], rule[2]):
                found = rule[3]
    if found is None:
        raise ValueError(f"no view fills {table}")
    reads = ROLLUPS[table].source
    rows = rf"FROM {reads}\s+WHERE "
    select, count = re.subn(rows, lambda _: f"FROM {source or reads} WHERE ({condition}) AND ", found)
    if count != 1:
        raise ValueError(f"the view of {table} must read `FROM {reads} WHERE` once, not {count} times")
    return select


# What the aggregator adds itself, of codes and of workspaces.
BY_VALUE = ("scans_by_value", "workspace_by_value")


def add_values(client: Client, condition: str, tables: Sequence[str] = BY_VALUE) -> None:
    """Adds to the rollups by value what these rows of `scans` come to: for whoever puts rows in otherwise than the
    aggregator does, which adds them itself. (The rollups by time and by month are filled by their views.)"""
    for table in tables:
        client.command(
            f"INSERT INTO {table} {rollup_select(table, condition)}",
            settings={"deduplicate_insert": "disable", "deduplicate_insert_select": "disable"},
        )
