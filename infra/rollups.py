"""How each rollup follows from `scans`: the SELECT of its view, to be used on a part of the rows.

Whoever recomputes a rollup (repair, rebuild) or checks it (audit) takes the rule from here, so that
it is written down once, in the migrations.
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
    select, places = _ROWS.subn(lambda _: f"FROM {source} WHERE ({condition}) AND ", found)
    if places != 1:
        raise ValueError(f"the view of {table} must read `FROM scans WHERE` once, not {places} times")
    return select


def add_values(client: Client, condition: str) -> None:
    """Adds to `scans_by_value` what these rows of `scans` come to: for whoever puts rows in otherwise than the
    aggregator does, which adds them itself. (`scans_by_time` is filled by its view.)"""
    client.command(
        f"INSERT INTO scans_by_value {rollup_select('scans_by_value', condition)}",
        settings={"deduplicate_insert": "disable", "deduplicate_insert_select": "disable"},
    )
