"""The warehouse on a ClickHouse cluster: each table is a Distributed one over replicated ones, a piece on each shard.

A table `X` of the migrations becomes two on every server of the cluster: `X_local`, which is replicated and holds the
rows of one shard, and `X`, which reaches all shards. A statement that reads or inserts names `X`, as on one server. One
that changes what is stored (DELETE, ALTER, TRUNCATE, DROP) takes its table from `stored`, so that every shard does it.
The views fill `_local` tables from `_local` tables: what a shard's rows add up to is kept on that shard.

A client knows its cluster from `Warehouse.connect` on. Without a cluster every function here says what one server
takes.
"""

import re
from weakref import WeakKeyDictionary

import msgspec
from clickhouse_connect.driver.client import Client

LOCAL = "_local"

# Where a row goes. Rows and sums of one code meet on one shard; and rows of which a merge keeps one, too. The sums of a
# workspace are made where its rows are, so they lie on several shards for one key: whoever reads them adds them up. No
# key may change with the time of the insert: a repeated insert is known by its token only on the shard that had it.
SHARDING = {
    "scans": "workspace, code",
    "scans_by_time": "workspace, code",
    "scans_by_value": "workspace, code",
    "workspace_by_time": "workspace, bucket",
    "workspace_by_value": "workspace, dimension, value, code",
    "workspace_by_month": "workspace, dimension, value, code",
    "visitor_counts": "workspace, kind, day",
    # An erasure looks up on each shard whether the ledger has the rows that it deletes there.
    "ledger": "workspace, code",
    "imported_scans": "workspace, code",
    "erasing": "workspace, month",
    "sources": "source",
    "stored_batches": "bus, bus_partition, last",
    "dead_letters": "bus, bus_partition, bus_offset",
    "migrations": "number",
    "rebuilt": "rollup, year",
}

# Sent with every statement, whatever the user's profile says.
SETTINGS: dict[str, object] = {
    # An insert returns when each shard has its rows, and not when one server has written them down for later.
    "distributed_foreground_insert": 1,
    # Otherwise each shard would insert what its own rows come to, as if there were no others.
    "parallel_distributed_insert_select": 0,
    # A workspace's sums lie on more shards than the key says.
    "optimize_skip_unused_shards": 0,
    # A subquery over all shards is answered once, for all shards.
    "distributed_product_mode": "global",
    # A condition of ours may name the shard, which all of its replicas call the same.
    "allow_nondeterministic_mutations": 1,
    # An answer without a shard is none.
    "skip_unavailable_shards": 0,
}

# For what servers say of themselves: one that is away says nothing.
THOSE_THERE = {"skip_unavailable_shards": 1}

# How long a replicated table knows the tokens of inserts: as many blocks as one that is not replicated, and a week.
WINDOWS = {"replicated_deduplication_window": 100_000, "replicated_deduplication_window_seconds": 604_800}


class Cluster(msgspec.Struct, frozen=True):
    name: str
    database: str


_clusters: WeakKeyDictionary[Client, Cluster] = WeakKeyDictionary()


def join(client: Client, name: str) -> None:
    """Makes `client` one of the cluster's. Raises LookupError, with the names that the server knows."""
    database, known = client.query(
        "SELECT currentDatabase(), arraySort(groupUniqArray(cluster)) FROM system.clusters"
    ).result_rows[0]
    if name not in known:
        raise LookupError(f"this server knows no cluster {name}; it knows {', '.join(known) or 'none'}")
    _clusters[client] = Cluster(name, database)


class Layout(msgspec.Struct, frozen=True):
    """`trouble`: what its servers' configuration lacks; empty where nothing."""

    shards: int
    servers: int
    trouble: str = ""


def layout(client: Client) -> Layout:
    """How the cluster of this client is made. Raises what the client raises."""
    cluster = _clusters[client]
    shards, servers, replicates = client.query(
        "SELECT uniqExact(shard_num), count(), min(internal_replication) FROM system.clusters"  # noqa: S608 (our name)
        f" WHERE cluster = '{cluster.name}'"
    ).result_rows[0]
    if not replicates:
        return Layout(shards, servers, "it lacks <internal_replication>, so each insert would go to every replica")
    macros = {row[0] for row in client.query("SELECT macro FROM system.macros").result_rows}
    lacks = [name for name in ("shard", "replica") if name not in macros]
    return Layout(shards, servers, f"this server lacks the macro {' and '.join(lacks)}" if lacks else "")


def cluster_of(client: Client) -> Cluster | None:
    return _clusters.get(client)


def stored(client: Client, table: str) -> str:
    """The stored table as statements take it that change what is stored: everywhere, on a cluster."""
    cluster = cluster_of(client)
    return table if cluster is None else f"{table}{LOCAL} ON CLUSTER `{cluster.name}`"


def part_name(client: Client, table: str) -> str:
    """What the stored table is called, for tables of the system and for subqueries of such statements."""
    return table if cluster_of(client) is None else table + LOCAL


def plain_name(client: Client, name: str) -> str:
    """The other way round."""
    return name if cluster_of(client) is None else name.removesuffix(LOCAL)


def shard(client: Client) -> str:
    """SQL for the name of the shard that evaluates it; of one server's there is none."""
    return "''" if cluster_of(client) is None else "concat(getMacro('shard'), ' ')"


def system(client: Client, table: str) -> str:
    """A table of the system, of all servers, to be read from."""
    cluster = cluster_of(client)
    return f"system.{table}" if cluster is None else f"clusterAllReplicas('{cluster.name}', system.{table})"


def database(client: Client) -> str:
    """The name of our database, as SQL that other servers understand."""
    cluster = cluster_of(client)
    return "currentDatabase()" if cluster is None else f"'{cluster.database}'"


def catch_up(client: Client, table: str) -> None:
    """Returns when every replica has what was inserted before. Raises what the client raises, as while one is away."""
    cluster = cluster_of(client)
    if cluster is not None:
        client.command(f"SYSTEM SYNC REPLICA ON CLUSTER `{cluster.name}` {table}{LOCAL} LIGHTWEIGHT")


_TABLE = re.compile(
    r"CREATE TABLE IF NOT EXISTS (\w+) (\(.*\))\s*ENGINE = (\w*MergeTree)(?:\(([^)]*)\))?(.*)", re.DOTALL
)
_FILLED = re.compile(r"CREATE MATERIALIZED VIEW IF NOT EXISTS (\w+) TO (\w+) AS\s+(SELECT.*)", re.DOTALL)
_VIEW = re.compile(r"CREATE VIEW IF NOT EXISTS (\w+) AS\s+(SELECT.*)", re.DOTALL)
_COLUMN = re.compile(r"ALTER TABLE (\w+) ((?:MODIFY|ADD|DROP) COLUMN .*)", re.DOTALL)


def ddl(statement: str, cluster: Cluster | None, settings: str = "") -> list[str]:
    """A statement of a migration as one server takes it, or as the statements that do the same on a cluster. `settings`
    go into each table there. Raises ValueError for a statement whose meaning on a cluster is not known."""
    if cluster is None:
        return [statement]
    everywhere = f"ON CLUSTER `{cluster.name}`"
    if match := _TABLE.fullmatch(statement):
        table, columns, kind, arguments, rest = match.groups()
        # The path says which tables are copies of each other, so it names everything but the server.
        place = f"'/clickhouse/tables/{{shard}}/{cluster.database}/{table}{LOCAL}', '{{replica}}'"
        engine = f"Replicated{kind}({', '.join(filter(None, (place, arguments)))})"
        rest, _, own = rest.strip().partition("SETTINGS ")
        windows = ", ".join(f"{name} = {value}" for name, value in WINDOWS.items())
        set_up = ", ".join(filter(None, (own.strip(), windows, settings)))
        key = f"cityHash64({SHARDING[_origin(table)]})"
        return [
            f"CREATE TABLE IF NOT EXISTS {table}{LOCAL} {everywhere} {columns}"
            f"\nENGINE = {engine}\n{rest.strip()}\nSETTINGS {set_up}",
            f"CREATE TABLE IF NOT EXISTS {table} {everywhere} AS {table}{LOCAL}"
            f" ENGINE = Distributed('{cluster.name}', '{cluster.database}', '{table}{LOCAL}', {key})",
        ]
    if match := _FILLED.fullmatch(statement):
        view, table, select = match.groups()
        local, count = re.subn(r"FROM (\w+)(?=\s+WHERE )", rf"FROM \g<1>{LOCAL}", select)
        if count != 1:
            raise ValueError(f"the view {view} must read one table, as `FROM name WHERE`")
        return [f"CREATE MATERIALIZED VIEW IF NOT EXISTS {view} {everywhere} TO {table}{LOCAL} AS\n{local}"]
    if match := _VIEW.fullmatch(statement):
        return [f"CREATE VIEW IF NOT EXISTS {match[1]} {everywhere} AS\n{match[2]}"]
    if match := _COLUMN.fullmatch(statement):
        return [f"ALTER TABLE {name} {everywhere} {match[2]}" for name in (match[1] + LOCAL, match[1])]
    raise ValueError(f"what does this mean on a cluster? {statement[:80]}")


# In the name of a table that is made in another's place.
STAGING = "_rebuilt_"


def _origin(table: str) -> str:
    return table.partition(STAGING)[0]
