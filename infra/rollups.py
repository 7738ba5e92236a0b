"""The SELECT that computes each rollup from `scans`, for any part of the rows.

Repair, rebuild and audit take it from here, so it is defined once: by the views in the migrations.
"""

import re

from clickhouse_connect.driver.client import Client

from infra.migrate import migrations, statements

_RULE = re.compile(
    r"CREATE (?:MATERIALIZED VIEW IF NOT EXISTS \w+_mv TO (\w+)|VIEW IF NOT EXISTS (\w+)_rule) AS\s+(SELECT.*)",
    re.DOTALL,
)
_ROWS = re.compile(r"FROM scans\s+WHERE ")

# Each rollup, and its column that tells the day or the quarter of an hour.
ROLLUPS = {"scans_by_time": "bucket", "scans_by_value": "day"}


def rollup_select(table: str, condition: str = "1", source: str = "scans") -> str:
    """The SELECT that yields the rows of the rollup `table`, in the order of its columns, from
    those rows of `source` that meet `condition` (SQL over the columns of `scans`)."""
    found = None
    for _, _, text in migrations():
        for statement in statements(text):
            rule = _RULE.fullmatch(statement)
            if rule and table in (rule[1], rule[2]):
                found = rule[3]
    if found is None:
        raise ValueError(f"no view fills {table}")
    select, count = _ROWS.subn(lambda _: f"FROM {source} WHERE ({condition}) AND ", found)
    if count != 1:
        raise ValueError(f"the view of {table} must read `FROM scans WHERE` once, not {count} times")
    return select


def add_values(client: Client, condition: str) -> None:
    """Adds to `scans_by_value` what these rows of `scans` come to: for whoever puts rows in otherwise than the
    aggregator does, which adds them itself. (`scans_by_time` is filled by its view.)"""
    client.command(
        f"INSERT INTO scans_by_value {rollup_select('scans_by_value', condition)}",
        settings={"deduplicate_insert": "disable", "deduplicate_insert_select": "disable"},
    )
