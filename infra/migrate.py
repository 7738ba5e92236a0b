"""Brings the warehouse's tables to the newest numbered file in `migrations/`.

A statement may run twice (a crash before its file is noted down), so each says IF NOT EXISTS. What every table needs to
survive a power cut is in `infra.durability`, and is given to old tables as well.
"""

import re
from importlib import resources

from clickhouse_connect.driver.client import Client

from infra.durability import harden
from infra.warehouse import put

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
