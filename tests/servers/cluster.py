"""A ClickHouse cluster, as far as one chDB can be one.

Distributed tables reach the stored ones through clusters of the engine's configuration. `one` has one shard, and `two`
has two: both are this engine, so both have the same tables, and a client of `two` sees of each table what
`SPLIT` gives to the shard that is asked. What the embedded engine has not is the queue of ON CLUSTER statements (they
are run here at once), and a port for other replicas (a replicated table takes no rows, so without a `keeper` the
tables are not replicated).
"""

import contextlib
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from clickhouse_connect.driver.client import Client

from harness.clickhouse.engine import Engine, Refused
from harness.clickhouse.server import Bridge
from infra.cluster import SHARDING
from infra.warehouse import Warehouse

_PORT = 9440
_REPLICA = f"<replica><host>127.0.0.1</host><port>{_PORT}</port></replica>"
_SHARD = f"<shard><internal_replication>true</internal_replication>{_REPLICA}</shard>"
# In `doubling` an insert goes to each replica of a shard.
_CONFIG = f"""<clickhouse>
<tcp_port>{_PORT}</tcp_port>
<macros><shard>1</shard><replica>here</replica></macros>
<remote_servers>
<one>{_SHARD}</one><two>{_SHARD}{_SHARD}</two><doubling><shard>{_REPLICA}</shard></doubling>
</remote_servers>
%s
</clickhouse>
"""
_KEEPER = "<zookeeper><node><host>127.0.0.1</host><port>{port}</port></node></zookeeper>"

_ON_CLUSTER = re.compile(rb" ON CLUSTER `\w+`")
_REPLICATED = re.compile(rb"Replicated(\w*MergeTree)\('[^']*', '\{replica\}'(?:, )?")


class _ClusterEngine(Engine):
    def __init__(self, folder: Path, config: Path, refused: Path | None) -> None:
        self.everywhere: list[str] = []
        self._refused = refused
        super().__init__(folder, config)

    @contextlib.contextmanager
    def execute(self, statement: bytes, given: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        here, everywhere = _ON_CLUSTER.subn(b"", statement, count=1)
        if everywhere:
            self.everywhere.append(statement.decode())
            # It waits for other replicas.
            if here.startswith(b"SYSTEM SYNC REPLICA"):
                yield iter(())
                return
        if self._refused is None:
            here = _REPLICATED.sub(rb"\1(", here)
        else:
            # What is not allowed now will not be later.
            given = {**given, "insert_keeper_max_retries": "0"}
        whole: list[bytes] = []
        try:
            with super().execute(here, given) as parts:
                whole += parts
        except Refused as error:
            if self._refused is None or not re.search("TABLE_IS_READ_ONLY|Cannot assign mutation", str(error)):
                raise
            with self._refused.open("a") as file:
                file.write(" ".join(here.decode(errors="replace").split()) + "\n")
        yield iter(whole)


class ClusterBridge(Bridge):
    """With a keeper, statements that ended where a row would have been changed are kept in the file `refused`."""

    def __init__(self, folder: Path, keeper: int | None = None) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        config = folder.with_suffix(".xml")
        config.write_text(_CONFIG % ("" if keeper is None else _KEEPER.format(port=keeper)))
        super().__init__(folder, config=config)
        plain = self.engine
        self.engine: _ClusterEngine = _ClusterEngine(folder, config, folder.parent / "refused" if keeper else None)
        plain.close()

    @property
    def everywhere(self) -> list[str]:
        """The statements that a cluster's servers all would have run."""
        return self.engine.everywhere

    def warehouse(self) -> Warehouse:
        return Warehouse(url=f"{self.url}/default", cluster="one")


# Which shard has a row, as SQL: by the key, where all rows of a table go by it. The sums of a workspace lie anywhere.
SPLIT = {table: f"cityHash64({key})" for table, key in SHARDING.items() if not table.startswith("workspace_")}
SPLIT |= {table: "cityHash64(n)" for table in SHARDING if table.startswith("workspace_")}


def two_shards(bridge: ClusterBridge) -> Client:
    """A client of `two`, of what is stored in `one`."""
    shown = bridge.warehouse().connect()
    shown.command("CREATE DATABASE IF NOT EXISTS two")
    tables = [row[0] for row in shown.query("SELECT name FROM system.tables WHERE engine = 'Distributed'").result_rows]
    for table in tables:
        target = f"Distributed('two', 'default', '{table}_local', cityHash64({SHARDING[table]}))"
        shown.command(f"CREATE TABLE IF NOT EXISTS two.{table} AS default.{table}_local ENGINE = {target}")
    shown.close()
    seen = ", ".join(f"'default.{table}_local': '{split} % 2 + 1 = shardNum()'" for table, split in SPLIT.items())
    return Warehouse(url=f"{bridge.url}/two", cluster="two").connect(additional_table_filters=f"{{{seen}}}")


@contextlib.contextmanager
def running(folder: Path, keeper: int | None = None) -> Iterator[ClusterBridge]:
    bridge = ClusterBridge(folder, keeper)
    try:
        yield bridge
    finally:
        bridge.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def replicated(folder: Path, keeper: int) -> Iterator[tuple[Warehouse, Path]]:
    """A cluster of replicated tables, and the file with the refused statements, one a line. In a process of its
    own, which is killed: the engine cannot close such tables."""
    command = [sys.executable, "-m", "tests.servers.cluster", str(folder), str(keeper)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        try:
            assert process.stdout is not None
            yield Warehouse(url=f"{process.stdout.readline().strip()}/default", cluster="one"), folder / "refused"
        finally:
            process.kill()


if __name__ == "__main__":
    print(ClusterBridge(Path(sys.argv[1]) / "warehouse", int(sys.argv[2])).url, flush=True)
    signal.pause()
