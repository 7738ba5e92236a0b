"""Open the warehouse: chDB in the data folder, or a ClickHouse server.

Both are clickhouse-connect clients and take the same SQL. A client is used by one thread; open one
for each. One process owns a chDB folder.

A write is sent once. The client sends a request again by itself when a connection ends without an answer, which is
when nobody knows whether it was done; whoever writes finds out first (`aggregator.settle`). So writes go through
`write`, whose body cannot be sent twice, and carry a token of what they insert.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import clickhouse_connect
import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import OperationalError
from clickhouse_connect.driver.httpclient import HttpClient

from infra import cluster, engine_urls
from infra.durable_files import sync_folder

# Before this one a server takes no `deduplicate_insert`, and an insert waits for ever.
OLDEST = (26, 2)


class UnfitWarehouse(OperationalError):
    """The server is there, and must not be used; the message says why."""


class TooOld(UnfitWarehouse):
    """It is of long ago."""


class UnknownCluster(UnfitWarehouse):
    """It does not know the cluster."""


class Warehouse(msgspec.Struct, frozen=True):
    """Where the warehouse is: either `folder` or `url` is set. `cluster` names the servers that share the tables, as
    each of them knows it; `quorum` says how many replicas must have an insert of a client that asks for a quorum."""

    folder: Path | None = None
    url: str | None = None
    cluster: str | None = None
    quorum: str = "auto"

    def connect(self, *, timeout_s: int = 300, **settings: Any) -> Client:
        """A new client; `timeout_s` is how long a server may be silent. Raises clickhouse_connect's
        ClickHouseError (or OSError) when there is no warehouse, UnfitWarehouse (one of these) for one that must not be
        used."""
        if "insert_quorum" in settings:
            settings["insert_quorum"] = self.quorum
        if self.cluster is not None:
            settings = {**cluster.SETTINGS, **settings}
        client = self._client(timeout_s, settings)
        if version(client.server_version or "") < OLDEST:
            client.close()
            raise TooOld(
                f"ClickHouse {client.server_version} is too old: Waymark needs {'.'.join(map(str, OLDEST))} or newer"
            )
        if self.cluster is not None:
            try:
                cluster.join(client, self.cluster)
            except LookupError as error:
                client.close()
                raise UnknownCluster(*error.args) from None
        return client

    def _client(self, timeout_s: int, settings: Mapping[str, Any]) -> Client:
        if self.url is not None:
            at = engine_urls.clickhouse(self.url)
            client = clickhouse_connect.get_client(
                interface="https" if at.secure else "http",
                host=at.host,
                port=at.port,
                username=at.user,
                password=at.password,
                database=at.database,
                ca_cert=at.ca,
                settings=dict(settings),
                autogenerate_session_id=False,
                connect_timeout=min(timeout_s, 10),
                send_receive_timeout=timeout_s,
                # An address has a greatest length, and a list of codes has none.
                form_encode_query_params=True,
            )
            assert isinstance(client, HttpClient)
            # It would begin anew in the middle of a body.
            client.http_retries = 0
            return client
        assert self.folder is not None
        if not self.folder.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            sync_folder(self.folder.parent)
        return clickhouse_connect.get_client(interface="chdb", path=str(self.folder), settings=dict(settings))


def version(said: str) -> tuple[int, int]:
    """The first two numbers of what a server calls itself."""
    match = re.match(r"(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


# A server may gather inserts by default (ClickHouse Cloud does): then they have no tokens of their own.
_AT_ONCE: dict[str, object] = {"async_insert": 0}


def write(
    client: Client, table: str, columns: Sequence[str], lines: bytes, token: str, settings: Mapping[str, object] = {}
) -> None:
    """Inserts JSON arrays, one a line, once: a table that keeps tokens takes no second insert under the same one. When
    this raises, it may have happened or not."""
    client.raw_insert(
        table,
        list(columns),
        # What is not bytes the client cannot send again.
        (part for part in (lines,)),
        settings={**_AT_ONCE, **settings, "insert_deduplication_token": token},
        fmt="JSONCompactEachRow",
    )


def write_block(client: Client, table: str, block: bytes, token: str, settings: Mapping[str, object] = {}) -> None:
    """As `write`, a block of the Native format (`infra.native_format`)."""
    client.raw_insert(
        table,
        insert_block=(part for part in (block,)),
        settings={**_AT_ONCE, **settings, "insert_deduplication_token": token},
        fmt="Native",
    )


def put(client: Client, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Inserts a few rows of JSON's own types into a table to which it does not matter how often. The client's own
    `insert` loads pandas first, which costs each process a third of a second and 40 MB."""
    lines = b"\n".join(map(msgspec.json.encode, rows))
    write(client, table, columns, lines, f"{table}:{hashlib.blake2b(lines, digest_size=16).hexdigest()}")
