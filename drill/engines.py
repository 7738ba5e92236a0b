"""A Redis and a ClickHouse server as an operator has them, for a drill to fill and destroy.

The ClickHouse server is the one of the tests (`harness.clickhouse`): the real engine behind the real protocol.
"""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from drill.redis_rollback import Server
from harness.clickhouse import server as clickhouse
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
    redis = Server(folder / "redis")
    try:
        with clickhouse.apart(folder / "clickhouse") as url:
            yield Engines(redis, url)
    finally:
        redis.kill()
        shutil.rmtree(folder, ignore_errors=True)
