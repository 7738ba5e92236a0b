"""Table settings that keep stored rows through a power cut and a full disk, on every table, new and old.

The engine's own defaults sync nothing: an insert, a merge or a mutation is "done" while its bytes are in the page
cache, and the parts that it replaces are deleted at once. A power cut after that takes rows that are days old.
`infra.migrate` gives these settings to tables that lack them, at every start and before anything is written.
"""

import re

from clickhouse_connect.driver.client import Client

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
    """As a CREATE TABLE takes them."""
    return ", ".join(f"{name} = {value}" for name, value in DURABLE.items())


def harden(client: Client) -> list[str]:
    """Gives the settings to each table of the database that lacks some, and returns the tables' names."""
    tables = client.query(
        "SELECT name, engine_full FROM system.tables"
        " WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name"
    ).result_rows
    changed = []
    for table, engine in tables:
        has = dict(re.findall(r"\b(\w+) = (\d+)", engine.rpartition("SETTINGS")[2]))
        lacks = {name: value for name, value in DURABLE.items() if has.get(name) != str(value)}
        if lacks:
            wanted = ", ".join(f"{name} = {value}" for name, value in lacks.items())
            client.command(f"ALTER TABLE `{table}` MODIFY SETTING {wanted}")
            changed.append(table)
    return changed
