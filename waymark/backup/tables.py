"""Copy the tables of a ClickHouse server: by statements alone, since its files are not ours.

Between two batches each table is cloned, partition by partition, which links its parts and takes no time. The clones
are read afterwards and dropped. A partition whose parts are those of the last backup is not read again.
"""

# ruff: noqa: S608 (names of our own tables, and of their partitions)

import hashlib
from collections.abc import Callable, Iterable, Iterator

import msgspec
from clickhouse_connect.driver.client import Client

from infra.migrate import migrate
from infra.progress import Progress
from infra.raw_output import FileFormat, OutputFailed, raw_output
from infra.warehouse import Warehouse
from schemas.event import LINE_CHECK, LINE_CHECK_SETTINGS
from waymark.errors import UserError

FOLDER = "clickhouse"
_CLONE = "__backup"
_STAGING = "__restore"
_NATIVE = FileFormat("native", "Native", "application/octet-stream", "native")
_LIMIT_S = 24 * 3600
# Tables that a migration fills itself, or that last for one piece of work.
_NOT_KEPT = ("migrations", "rebuilt")
_INSERT: dict[str, object] = {
    "async_insert": 0,
    "deduplicate_insert": "disable",
    "max_partitions_per_insert_block": 0,
}


class NotEmpty(UserError):
    """The warehouse has scans already."""


class Sharded(UserError):
    """A cluster has backups of its own."""


class Clone(msgspec.Struct, frozen=True, array_like=True):
    """One partition of a table. `parts` names the parts that it has."""

    table: str
    partition: str
    parts: str

    @property
    def path(self) -> str:
        return f"{FOLDER}/{self.table}/{self.partition}.native"

    @property
    def identity(self) -> str:
        return f"partition {self.table} {self.partition} {self.parts}"


def drop_clones(client: Client) -> None:
    """Also those of a backup that was killed."""
    for table in _tables(client, f"%{_CLONE}"):
        client.command(f"DROP TABLE IF EXISTS `{table}` SYNC")


def clone(client: Client) -> list[Clone]:
    """Call it between batches, after `drop_clones`. Raises Sharded, and what the client raises."""
    if client.query(
        "SELECT 1 FROM system.tables WHERE database = currentDatabase() AND engine = 'Distributed'"
    ).result_rows:
        raise Sharded("a cluster of ClickHouse is backed up by its own BACKUP ... ON CLUSTER (docs/backup.md)")
    made = []
    for table in _tables(client, "%"):
        if table in _NOT_KEPT or table.endswith((_CLONE, _STAGING)):
            continue
        client.command(f"CREATE TABLE `{table}{_CLONE}` AS `{table}`")
        for (partition,) in client.query(
            "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = currentDatabase()"
            " AND table = {table:String} ORDER BY 1",
            parameters={"table": table},
        ).result_rows:
            client.command(f"ALTER TABLE `{table}{_CLONE}` ATTACH PARTITION ID '{partition}' FROM `{table}`")
            made.append(Clone(table, partition, ""))
    return [msgspec.structs.replace(one, parts=_parts(client, one)) for one in made]


def _parts(client: Client, one: Clone) -> str:
    rows = client.query(
        "SELECT hash_of_all_files, rows FROM system.parts WHERE active AND database = currentDatabase()"
        " AND table = {table:String} AND partition_id = {partition:String} ORDER BY ALL",
        parameters={"table": one.table + _CLONE, "partition": one.partition},
    ).result_rows
    return hashlib.blake2b(repr(rows).encode(), digest_size=16).hexdigest()


def _tables(client: Client, like: str) -> list[str]:
    rows = client.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
        " AND name LIKE {like:String} ORDER BY name",
        parameters={"like": like.replace("_", "\\_")},
    ).result_rows
    return [name for (name,) in rows]


def content_of(warehouse: Warehouse, one: Clone) -> Iterator[bytes]:
    """Its rows. Raises OSError when the server fails on the way."""
    sql = f"SELECT * FROM `{one.table}{_CLONE}` WHERE _partition_id = '{one.partition}'"
    try:
        with raw_output(warehouse, sql, {}, _NATIVE, limit_s=_LIMIT_S) as output:
            while part := output.read():
                yield part
    except OutputFailed as error:
        raise OSError(f"{one.path}: {error}") from error


def stored(client: Client, suffix: str = _CLONE) -> dict[int, tuple[int, int, int]]:
    """Of each source in the clones (or, without a suffix, in the tables): the highest seq, how many there are, and
    their digest."""
    rows = client.query(
        "SELECT source, max(seq), count(), sum(check) FROM ("
        f" SELECT source, seq, {LINE_CHECK} AS check FROM scans{suffix}"
        f" UNION ALL SELECT source, seq, check FROM ledger{suffix} FINAL) GROUP BY source",
        settings=LINE_CHECK_SETTINGS,
    ).result_rows
    return {source: (highest, count, digest) for source, highest, count, digest in rows}


def closed(client: Client, suffix: str = _CLONE) -> set[int]:
    """The sources of which the end is stored."""
    return {
        row[0]
        for row in client.query(f"SELECT DISTINCT source FROM sources{suffix} WHERE state = 'closed'").result_rows
    }


def first_source(client: Client, suffix: str = _CLONE) -> int:
    """Of all that there ever were; 0 without any. A restored deployment has the same."""
    return int(client.query(f"SELECT argMin(source, (at, source)) FROM sources{suffix}").result_rows[0][0])


def check_empty(client: Client) -> None:
    """Raises NotEmpty."""
    there = _tables(client, "scans")
    if there and client.query("SELECT 1 FROM scans LIMIT 1").result_rows:
        raise NotEmpty("the warehouse of WAYMARK_CLICKHOUSE_URL has scans: restore into an empty database")


def fill(client: Client, contents: Iterable[tuple[str, Callable[[], Iterator[bytes]]]], progress: Progress) -> None:
    """Make the tables and put these partitions (by the paths of their files) into them, beside the views: what a view
    makes is in the backup, too. Raises what the client raises."""
    migrate(client)
    for table in _tables(client, f"%{_STAGING}"):
        client.command(f"DROP TABLE IF EXISTS `{table}` SYNC")
    there = set(_tables(client, "%"))
    wanted = list(contents)
    for done, (path, content) in enumerate(wanted, 1):
        table = path.split("/")[1]
        if table not in there:
            continue
        staging = table + _STAGING
        client.command(f"CREATE TABLE `{staging}` AS `{table}`")
        client.raw_insert(staging, insert_block=(part for part in content()), settings=_INSERT, fmt="Native")
        for (partition,) in client.query(
            "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = currentDatabase()"
            " AND table = {table:String}",
            parameters={"table": staging},
        ).result_rows:
            client.command(f"ALTER TABLE `{table}` ATTACH PARTITION ID '{partition}' FROM `{staging}`")
        client.command(f"DROP TABLE `{staging}` SYNC")
        progress("partitions", done, len(wanted))
