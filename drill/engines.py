"""A Redis and a ClickHouse server as an operator has them, for a drill to fill and destroy.

The ClickHouse server is the one of the tests: the real engine behind the real protocol.
"""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from drill.redis_rollback import Server
from harness.launcher import ROOT
from infra.warehouse import Warehouse


class Engines:
    """`settings` are Waymark's of them."""

    def __init__(self, redis: Server, clickhouse_url: str) -> None:
        self.warehouse = Warehouse(url=clickhouse_url)
        self.settings: Mapping[str, str] = {
            "WAYMARK_REDIS_URL": f"unix://{redis.socket}",
            "WAYMARK_CLICKHOUSE_URL": clickhouse_url,
        }

    def campaigns(self) -> list[tuple[str, int]]:
        """As `drill.stack.Stored` has them."""
        client = self.warehouse.connect()
        try:
            rows = client.query(
                "SELECT utm_campaign, count() FROM scans WHERE startsWith(utm_campaign, 'drill-') GROUP BY ALL"
            ).result_rows
            return [(campaign, count) for campaign, count in rows]
        finally:
            client.close()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Engines]:
    """New and empty; nothing is left of them afterwards. Raises Wrong when one does not start."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.servers.clickhouse", str(folder / "clickhouse")]
    redis = Server(folder / "redis")
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as clickhouse:
            try:
                assert clickhouse.stdout is not None
                yield Engines(redis, clickhouse.stdout.readline().strip())
            finally:
                clickhouse.kill()
    finally:
        redis.kill()
        shutil.rmtree(folder, ignore_errors=True)
