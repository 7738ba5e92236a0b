"""The rollups as the warehouse itself defines them: what their views select, over a part of `scans`."""

# ruff: noqa: S608 (what is put into a query is numbers, and names of our own making)

import re

from clickhouse_connect.driver.client import Client

# Each rollup with its column of time.
BY_TIME = "scans_by_time"
BY_VALUE = "scans_by_value"
DAY_OF = {BY_TIME: "toDate(bucket, 'UTC')", BY_VALUE: "day"}


def selects(client: Client, condition: str) -> dict[str, str]:
    """For each rollup the SELECT of its view, restricted to the rows of `scans` that meet the condition."""
    query = "SELECT name, as_select FROM system.tables WHERE database = currentDatabase() AND name IN ({})"
    names = ", ".join(f"'{rollup}_mv'" for rollup in DAY_OF)
    found = {}
    for name, select in client.query(query.format(names)).result_rows:
        restricted, times = re.subn(r"\bFROM (\w+\.)?scans\b", f"FROM (SELECT * FROM scans WHERE {condition})", select)
        if times != 1:
            raise ValueError(f"the view {name} does not read scans once")
        found[name.removesuffix("_mv")] = restricted
    return found
