"""drill.stored_scans: it counts rows, so that what is there twice is seen."""

import subprocess
import sys
from pathlib import Path

import msgspec

from drill.client_log import by_label
from drill.stack import Stored
from infra.migrate import migrate
from infra.warehouse import Warehouse
from waymark.data_dir import DataDir


def test_rows_of_each_visit(tmp_path: Path) -> None:
    folder = DataDir(tmp_path / "data")
    folder.make()
    client = Warehouse(folder=folder.warehouse).connect()
    migrate(client)
    for seq, visit in enumerate([1, 2, 2, 5], 1):
        client.command(
            "INSERT INTO scans (source, seq, ts_ms, code, kind, outcome, utm_campaign)"
            f" VALUES (9, {seq}, 1700000000000, 1, 'human', 'redirect', 'drill-3-{visit}')"
        )
    client.close()
    done = subprocess.run(
        [sys.executable, "-m", "drill.stored_scans", str(folder.path), str(tmp_path / "journal")],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    stored = msgspec.json.decode(done.stdout, type=Stored)
    assert by_label(stored.campaigns) == {"3": {1: 1, 2: 2, 5: 1}}
    # Nobody knows the source's end: the audit says so.
    assert not stored.report.clean
