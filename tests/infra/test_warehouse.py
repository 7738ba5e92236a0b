"""infra/warehouse.py."""

import subprocess
import sys
from pathlib import Path


def test_small_inserts_do_without_pandas(tmp_path: Path) -> None:
    """It would cost each process that writes a third of a second and 40 MB."""
    program = """
import sys
from pathlib import Path
from typing import Any
from aggregator.bus import PartitionId
from aggregator.queries import insert_notes
from schemas.event import SourceClosed
from infra.migrate import migrate
from infra.warehouse import Warehouse
client = Warehouse(folder=Path(sys.argv[1])).connect()
migrate(client)
note = SourceClosed(source=7, at_ms=1_763_000_000_007, last_seq=9, refused=[(2, 4)], digest=2**64 - 1)
insert_notes(client, PartitionId("b", "scans", 3), [note])
query = "SELECT source, bus_partition, state, toString(at), last_seq, refused, digest FROM sources"
print(client.query(query).result_rows)
print("pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [
        "[(7, 3, 'closed', '2025-11-13 02:13:20.007', 9, [(2, 4)], 18446744073709551615)]",
        "False",
    ], done.stderr
