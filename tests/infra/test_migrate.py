"""infra/migrate.py: tables can be made twice; merges and erasures are synced before what they replace is gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from infra.migrate import DURABLE, harden, migrate
from infra.warehouse import Warehouse, put
from schemas import event

NOW = {"mutations_sync": 2, "lightweight_deletes_sync": 2}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    one = Warehouse(folder=tmp_path / "warehouse").connect()
    yield one
    one.close()


def settings(client: Client, table: str) -> str:
    return str(client.query(f"SELECT engine_full FROM system.tables WHERE name = '{table}'").result_rows[0][0])


def syncs(client: Client) -> int:
    """Files that the engine has synced since it was started."""
    return int(client.query("SELECT sum(value) FROM system.events WHERE event = 'FileSync'").result_rows[0][0])


def test_every_table_has_them_when_it_is_made(client: Client) -> None:
    migrate(client)
    assert harden(client) == []
    tables = client.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    ).result_rows
    assert {"scans", "scans_by_time", "scans_by_value", "sources", "ledger", "dead_letters", "migrations"} <= {
        name for (name,) in tables
    }
    for (table,) in tables:
        for name, value in DURABLE.items():
            assert f"{name} = {value}" in settings(client, table)


def test_a_table_that_was_made_without_them_gets_them_and_keeps_its_own(client: Client) -> None:
    client.command(
        "CREATE TABLE old (a UInt64) ENGINE = MergeTree ORDER BY a"
        " SETTINGS fsync_after_insert = 1, old_parts_lifetime = 5, non_replicated_deduplication_window = 7"
    )
    migrate(client)
    assert "old_parts_lifetime = 480" in settings(client, "old")
    assert "min_rows_to_fsync_after_merge = 1" in settings(client, "old")
    assert "non_replicated_deduplication_window = 7" in settings(client, "old")


def test_a_merge_and_an_erasure_are_synced_and_what_they_replace_is_kept(client: Client) -> None:
    migrate(client)
    client.command("SYSTEM STOP MERGES ledger")
    for seq in range(3):
        put(client, "ledger", ["source", "seq", "reason"], [[7, seq, "erased"]])
    before = syncs(client)
    client.command("SYSTEM START MERGES ledger")
    client.command("OPTIMIZE TABLE ledger FINAL")
    merged = syncs(client)
    assert merged > before
    client.command("DELETE FROM ledger WHERE seq = 1", settings=NOW)
    assert syncs(client) > merged
    kept = "SELECT sum(rows) FROM system.parts WHERE table = 'ledger' AND NOT active"
    assert client.query(kept).result_rows[0][0] >= 3


def test_every_event_column_is_in_the_table_and_migrating_again_changes_nothing(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        assert migrate(client) == ["0001_scans", "0002_books", "0003_heads", "0004_imported"]
        assert migrate(client) == []
        columns = [row[0] for row in client.query("DESCRIBE scans").result_rows]
        assert [name for name in event.EVENT_COLUMNS if name not in columns] == []
    finally:
        client.close()
