"""Opening the warehouse: chDB in a folder of ours, or a ClickHouse server.

Both are clickhouse-connect clients and take the same SQL. A client is used by one thread; open one
for each. One process owns a chDB folder.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import clickhouse_connect
import msgspec
from clickhouse_connect.driver.client import Client

from schemas import engine_urls


class Warehouse(msgspec.Struct, frozen=True):
    """Where the warehouse is: exactly one of the two is set."""

    folder: Path | None = None
    url: str | None = None

    def connect(self, *, timeout_s: int = 300, **settings: Any) -> Client:
        """A new client; `timeout_s` is how long a server may be silent. Raises clickhouse_connect's
        ClickHouseError (or OSError) when there is no warehouse."""
        if self.url is not None:
            at = engine_urls.clickhouse(self.url)
            return clickhouse_connect.get_client(
                interface="https" if at.secure else "http",
                host=at.host,
                port=at.port,
                username=at.user,
                password=at.password,
                database=at.database,
                settings=settings,
                autogenerate_session_id=False,
                connect_timeout=min(timeout_s, 10),
                send_receive_timeout=timeout_s,
            )
        assert self.folder is not None
        if not self.folder.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            _sync(self.folder.parent)
        return clickhouse_connect.get_client(interface="chdb", path=str(self.folder), settings=settings)


def _sync(folder: Path) -> None:
    """Makes the names in it survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def put(client: Client, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Inserts a few rows of JSON's own types. The client's own `insert` loads pandas first, which costs each process a
    third of a second and 40 MB."""
    lines = b"\n".join(map(msgspec.json.encode, rows))
    client.raw_insert(table, list(columns), lines, fmt="JSONCompactEachRow")
