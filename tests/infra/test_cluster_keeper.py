"""The tables of a cluster are made in a real ZooKeeper, and each statement is read and planned up to the row.

The embedded engine has no port by which replicas ask each other, so it lets no replicated table change. A statement
that would change rows ends there, after it was found to be right.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from aggregator import erasure
from aggregator.audit.evidence import Evidence
from aggregator.audit.report import audit
from aggregator.queries import insert
from aggregator.rebuild import Step, plan, rebuild_step
from aggregator.settle import recompute
from aggregator.visitor_counts import count_visitors
from analytics.query.answer import answer
from analytics.query.grammar import parse
from infra.cluster import SHARDING, WINDOWS, stored
from infra.migrate import harden, migrate
from infra.progress import silent
from infra.rollups import ROLLUPS
from infra.warehouse import Warehouse
from tests.aggregator.batches import batch
from tests.analytics.query.scans import Attributes
from tests.servers import require, zookeeper
from tests.servers.cluster import replicated

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, Path]]:
    require.programs("java", "mvn", why="a ZooKeeper")
    folder = tmp_path_factory.mktemp("keeper")
    with zookeeper.running(folder / "zookeeper") as port, replicated(folder / "cluster", port) as one:
        yield one


@pytest.fixture(scope="module")
def client(cluster: tuple[Warehouse, Path]) -> Iterator[Client]:
    # (By a quorum it would first be asked who is active, and nobody is.)
    one = cluster[0].connect(max_threads=1)
    migrate(one)
    yield one
    one.close()


def test_every_table_is_a_replica_that_zookeeper_knows(client: Client) -> None:
    replicas = {row[0]: row[1] for row in client.query("SELECT table, zookeeper_path FROM system.replicas").result_rows}
    paths = {
        f"{table}_local": f"/clickhouse/tables/1/default/{table}_local" for table in SHARDING if table != "rebuilt"
    }
    assert replicas == paths
    assert harden(client) == []
    for (settings,) in client.query("SELECT engine_full FROM system.tables WHERE name LIKE '%_local'").result_rows:
        assert all(f"{name} = {value}" in settings for name, value in WINDOWS.items())


def test_what_reads_is_answered(client: Client) -> None:
    assert audit(client, Evidence(), sleep=lambda _: None).clean
    assert count_visitors(client, date(2028, 1, 1), least=1) == 0
    now = datetime(2028, 1, 1, tzinfo=UTC)
    for dimensions in (["scan:country"], ["time:day"], ["code", "time:month"], ["scan:city", "scan:os", "time:hour"]):
        asked = parse({"metrics": ["scans", "visitors", "last_scan"], "date_range": "28d", "dimensions": dimensions})
        found = answer(client, asked, workspace=1, now=now, complete_until=now, codes=Attributes([]))
        assert {row.metrics[0] for row in found.results} <= {0}


def test_what_changes_rows_is_right_up_to_the_row(cluster: tuple[Warehouse, Path], client: Client) -> None:
    def refused(act: Callable[[], object]) -> list[str]:
        """The kind and the table of each statement that would have changed rows."""
        cluster[1].write_text("")
        act()
        found = [re.match(r"([A-Z]+) (?:[A-Z]+ )?(\w+)", line) for line in cluster[1].read_text().splitlines()]
        return [f"{one[1]} {one[2]}" for one in found if one]

    def replaced() -> None:
        replacing = "REPLACE PARTITION 2025 FROM scans_by_time_local"
        allowed = {"allow_replace_partition_from_empty_source": 1}
        client.command(f"ALTER TABLE {stored(client, 'scans_by_time')} {replacing}", settings=allowed)

    made = batch(1, 5)
    assert refused(lambda: insert(client, made.block(), made.token)) == [
        "INSERT scans",
        "INSERT scans_by_value",
        "INSERT workspace_by_value",
    ]
    for rollup in ROLLUPS.values():
        slices = [(1, 2, 20_454) if "code" in rollup.owner else (1, 20_454)]
        repaired = refused(partial(recompute, client, rollup, slices, "token", lambda _: None))
        # (What is selected is nothing, so its insert is done.)
        assert repaired == [f"DELETE {rollup.table}_local"]
    erased = partial(erasure._erase_rows, client, [(1, 2)], 202511, "1", "token", "erased", silent)
    assert refused(erased) == ["DELETE scans_local"]
    assert Step("scans_by_time", 2025) not in plan(client)
    made_anew = refused(partial(rebuild_step, client, Step("scans_by_time", 2025)))
    assert made_anew == ["DELETE scans_by_time_local", "INSERT rebuilt"]
    assert refused(replaced) == ["ALTER scans_by_time_local"]
    assert refused(partial(erasure._strike_out, client, {"token"})) == ["DELETE erasing_local"]
