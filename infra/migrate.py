"""Migrate the warehouse's tables to the newest numbered file in `migrations/`, and make them durable.

A statement may run twice (a crash before its file is noted down), so each says IF NOT EXISTS.

Every table, new or old, also gets the settings that keep stored rows through a power cut and a full disk. The engine's
defaults sync nothing: an insert, a merge or a mutation is "done" while its bytes are in the page cache, and the parts
that it replaces are deleted at once, so a power cut loses rows that are days old.
"""

import re
from importlib import resources

from clickhouse_connect.driver.client import Client

from infra import cluster
from infra.warehouse import put

DURABLE = {
    "fsync_after_insert": 1,
    # Names, too: a part that was renamed into place stays there.
    "fsync_part_directory": 1,
    # Merges and mutations (an erasure is one). Also of parts that a replica fetches.
    "min_rows_to_fsync_after_merge": 1,
    "min_compressed_bytes_to_fsync_after_fetch": 1,
    # What a merge replaced stays for eight minutes: if the new part turns out broken, it is taken again.
    "old_parts_lifetime": 480,
    # Broken parts are set aside (`detached/`) and the table is served; the audit says what is missing. With the
    # defaults (100 parts, 1 GiB) the table would not open at all, and nothing could be repaired.
    "max_suspicious_broken_parts": 100_000,
    "max_suspicious_broken_parts_bytes": 1 << 40,
}


def clause() -> str:
    """The settings, as CREATE TABLE takes them."""
    return ", ".join(f"{name} = {value}" for name, value in DURABLE.items())


def harden(client: Client) -> list[str]:
    """Give the settings to each table that lacks some, and return the names of the changed tables. Replicated ones (all
    are, in ClickHouse Cloud) also remember the tokens of inserts as long as others do."""
    tables = client.query(
        "SELECT name, engine_full FROM system.tables"
        " WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name"
    ).result_rows
    changed = []
    joined = cluster.cluster_of(client) is not None
    for table, engine in tables:
        ours = table.removesuffix(cluster.LOCAL) if joined else table
        if joined and ours not in cluster.SHARDING:
            continue
        has = dict(re.findall(r"\b(\w+) = (\d+)", engine.rpartition("SETTINGS")[2]))
        wants = DURABLE | (cluster.WINDOWS if engine.startswith(("Replicated", "Shared")) else {})
        lacks = {name: value for name, value in wants.items() if has.get(name) != str(value)}
        if lacks:
            wanted = ", ".join(f"{name} = {value}" for name, value in lacks.items())
            client.command(f"ALTER TABLE {cluster.stored(client, ours)} MODIFY SETTING {wanted}")
            changed.append(table)
    return changed


_NOTES = """
CREATE TABLE IF NOT EXISTS migrations (number UInt32, name String, at DateTime DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY number
"""


def migrations() -> list[tuple[int, str, str]]:
    """Number, name and text of every migration, in order."""
    found = []
    for entry in resources.files("schemas").joinpath("migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", entry.name)
        if match:
            found.append((int(match[1]), match[2], entry.read_text()))
    return sorted(found)


def statements(text: str) -> list[str]:
    """A file's statements: they end with a semicolon at the end of a line."""
    bare = re.sub(r"^\s*--.*\n", "", text, flags=re.MULTILINE)
    return [part.strip() for part in re.split(r";\s*\n", bare + "\n") if part.strip()]


def migrate(client: Client) -> list[str]:
    """Applies what is missing and returns the names of what was applied."""
    create(client, _NOTES.strip())
    harden(client)
    done: set[int] = set() if _lacks_tables(client) else _done(client)
    applied = []
    for number, name, text in migrations():
        if number in done:
            continue
        for statement in statements(text):
            create(client, statement)
        put(client, "migrations", ["number", "name"], [[number, name]])
        applied.append(f"{number:04d}_{name}")
    harden(client)
    return applied


def _done(client: Client) -> set[int]:
    return {row[0] for row in client.query("SELECT number FROM migrations").result_rows}


def create(client: Client, statement: str) -> None:
    """Runs a statement of a migration."""
    for each in cluster.ddl(statement, cluster.cluster_of(client), clause()):
        client.command(each)


def _lacks_tables(client: Client) -> bool:
    """Whether a server of the cluster was added since the tables were made. What is there stays as it is."""
    joined = cluster.cluster_of(client)
    if joined is None:
        return False
    servers, have = client.query(
        "SELECT uniqExact(host), uniqExactIf(host, name = 'imported_scans') FROM ("  # noqa: S608 (our names)
        f"SELECT hostName() AS host, '' AS name FROM {cluster.system(client, 'one')} UNION ALL"
        f" SELECT hostName(), name FROM {cluster.system(client, 'tables')} WHERE database = '{joined.database}')"
    ).result_rows[0]
    return bool(have < servers)


def make_staging(client: Client, table: str, staging: str) -> None:
    """Makes an empty table of the columns and the order of `table`."""
    if cluster.cluster_of(client) is None:
        client.command(f"CREATE TABLE {staging} AS {table}")
        return
    begin = f"CREATE TABLE IF NOT EXISTS {table} "
    for _, _, text in migrations():
        for statement in statements(text):
            if statement.startswith(begin):
                create(client, statement.replace(begin, f"CREATE TABLE IF NOT EXISTS {staging} ", 1))


def drop(client: Client, table: str) -> None:
    """Drops a table, if it is there, on return everywhere."""
    client.command(f"DROP TABLE IF EXISTS {cluster.stored(client, table)} SYNC")
    if (joined := cluster.cluster_of(client)) is not None:
        client.command(f"DROP TABLE IF EXISTS {table} ON CLUSTER `{joined.name}` SYNC")
