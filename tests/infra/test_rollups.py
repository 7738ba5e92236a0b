"""infra/rollups.py: a rollup is what its rule makes of the raw rows."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from infra import migrate, rollups
from infra.warehouse import Warehouse


def test_a_rollup_is_what_its_rule_makes_of_the_raw_rows(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        migrate.migrate(client)
        columns = ["source", "seq", "ts", "code", "kind", "outcome", "country", "city", "lat", "lon", "visitor"]
        at = datetime(2026, 3, 1, 23, 59, 59, 999000, tzinfo=UTC)
        rows = [
            [1, 1, at, 5, "human", "redirect", "CA", "Montreal", 45.5, -73.6, 7],
            [1, 2, at, 5, "human", "page", "", "Nowhere", None, None, 8],
            [1, 3, at, 5, "human", "paused", "CA", "", None, None, 9],
            [1, 4, at + timedelta(seconds=1), 5, "bot", "redirect", "", "", None, None, 7],
        ]
        client.insert("scans", rows, column_names=columns)
        rollups.add_values(client, "source = 1")
        for table, rollup in rollups.ROLLUPS.items():
            key = ", ".join((*rollup.owner, *rollup.key))
            shown = f"SELECT {key}, {'n, finalizeAggregation(visitors), last' if rollup.people else 'n'} FROM"
            stored = client.query(f"{shown} {table} FINAL ORDER BY ALL").result_rows
            assert stored == client.query(f"{shown} ({rollups.rollup_select(table)}) ORDER BY ALL").result_rows
            condition = f"{rollup.source_day} = '2026-03-01'"
            part = f"SELECT DISTINCT {rollup.day} FROM ({rollups.rollup_select(table, condition)})"
            assert client.query(part).result_rows == [(date(2026, 3, 1),)]
        pairs = client.query(
            "SELECT value, sum(n) FROM scans_by_value WHERE dimension = {d:String} GROUP BY value ORDER BY value",
            parameters={"d": "city"},
        ).result_rows
        assert pairs == [("", 1), ("Montreal, CA", 1), ("Nowhere", 1)]
        assert client.query("SELECT value FROM scans_by_value WHERE dimension = 'pin' AND value != ''").result_rows == [
            ("45.5\t-73.6\tMontreal\tCA",)
        ]
    finally:
        client.close()


def test_a_rollup_that_no_view_fills_has_no_rule() -> None:
    with pytest.raises(ValueError, match="no view fills"):
        rollups.rollup_select("ledger")
