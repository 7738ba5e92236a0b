"""infra/migrate.py: tables can be made twice."""

from pathlib import Path

from infra import migrate
from infra.warehouse import Warehouse
from schemas import event


def test_every_event_column_is_in_the_table_and_migrating_again_changes_nothing(tmp_path: Path) -> None:
    client = Warehouse(folder=tmp_path / "warehouse").connect()
    try:
        assert migrate.migrate(client) == ["0001_scans", "0002_books", "0003_heads"]
        assert migrate.migrate(client) == []
        columns = [row[0] for row in client.query("DESCRIBE scans").result_rows]
        assert [name for name in event.EVENT_COLUMNS if name not in columns] == []
    finally:
        client.close()
