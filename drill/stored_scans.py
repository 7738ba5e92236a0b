"""Print the scans that a stopped stack has stored, as JSON (`drill.stack.Stored`):
`python -m drill.stored_scans DATA JOURNALS [REDIS_URL]`."""

import sys
from contextlib import nullcontext
from pathlib import Path

import msgspec

from aggregator.audit.evidence_readers import Records
from drill.client_log import MARK
from infra.warehouse import Warehouse
from waymark.data_dir import DataDir, hold
from waymark.embedded_redis import started
from waymark.machine_audit import audit_machine, evidence_of
from waymark.settings import Settings


def main(data: Path, journals: Path, redis_url: str = "") -> None:
    """Without `redis_url` the Redis is the stack's own, and is started for the moment."""
    folder = DataDir(data)
    with hold(folder), nullcontext(redis_url) if redis_url else started(folder) as url:
        client = Warehouse(folder=folder.warehouse).connect()
        try:
            rows = client.query(
                "SELECT utm_campaign, count() FROM scans WHERE startsWith(utm_campaign, {mark:String}) GROUP BY ALL",
                parameters={"mark": f"{MARK}-"},
            ).result_rows
            report = audit_machine(
                client, evidence_of(Settings(data=data, journal=journals), Records(url)), lambda *_: None
            )
        finally:
            client.close()
    sys.stdout.buffer.write(msgspec.json.encode({"campaigns": rows, "report": report}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
