"""Migrate the warehouse's tables to the newest numbered file in `migrations/`, and make them durable.

A statement may run twice (a crash before its file is noted down), so each says IF NOT EXISTS.

Every table, new or old, also gets the settings that keep stored rows through a power cut and a full disk. The engine's
defaults sync nothing: an insert, a merge or a mutation is "done" while its bytes are in the page cache, and the parts
that it replaces are deleted at once, so a power cut loses rows that are days old.
"""

import re
from importlib import resources

from clickhouse_connect.driver.client import Client

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
    """Give the settings to each table that lacks some, and return the names of the changed tables."""
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
    client.command(_NOTES)
    harden(client)
    done = {row[0] for row in client.query("SELECT number FROM migrations").result_rows}
    applied = []
    for number, name, text in migrations():
        if number in done:
            continue
        for statement in statements(text):
            client.command(statement)
        put(client, "migrations", ["number", "name"], [[number, name]])
        applied.append(f"{number:04d}_{name}")
    harden(client)
    return applied
