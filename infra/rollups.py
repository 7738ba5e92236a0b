"""How each rollup follows from `scans`: the SELECT of its view, to be used on a part of the rows.

Whoever recomputes a rollup (repair, rebuild) or checks it (audit) takes the rule from here, so that
it is written down once, in the migrations.
"""

import re

from infra.migrate import migrations, statements

_VIEW = re.compile(r"CREATE MATERIALIZED VIEW IF NOT EXISTS (\w+)_mv TO (\w+) AS\s+(SELECT.*)", re.DOTALL)
_ROWS = re.compile(r"FROM scans\s+WHERE ")

# Each rollup, and its column that tells the day or the quarter of an hour.
ROLLUPS = {"scans_by_time": "bucket", "scans_by_value": "day"}


def rollup_select(table: str, condition: str = "1", source: str = "scans") -> str:
    """The SELECT that yields the rows of the rollup `table`, in the order of its columns, from
    those rows of `source` that meet `condition` (SQL over the columns of `scans`)."""
    found = None
    for _, _, text in migrations():
        for statement in statements(text):
            view = _VIEW.fullmatch(statement)
            if view and view[2] == table:
                found = view[3]
    if found is None:
        raise ValueError(f"no view fills {table}")
    select, places = _ROWS.subn(lambda _: f"FROM {source} WHERE ({condition}) AND ", found)
    if places != 1:
        raise ValueError(f"the view of {table} must read `FROM scans WHERE` once, not {places} times")
    return select
