"""The warehouse that tests of the aggregator run on: chDB in a folder, or a server.

WAYMARK_TEST_WIRE=1 puts ClickHouse's HTTP interface between (`tests.servers.wire`); WAYMARK_TEST_CLICKHOUSE_URL names a
real server, in which each folder has a database of its own.
"""

import atexit
import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect

from harness.clickhouse.server import running
from infra.warehouse import Warehouse

SERVER = os.environ.get("WAYMARK_TEST_CLICKHOUSE_URL", "").rstrip("/")


@contextlib.contextmanager
def database(name: str) -> Iterator[Warehouse]:
    """An empty one of the real server."""
    _tell(f"CREATE DATABASE {name}")
    try:
        yield Warehouse(url=f"{SERVER}/{name}")
    finally:
        _tell(f"DROP DATABASE {name}")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Warehouse]:
    """Behind HTTP, in any case."""
    if SERVER:
        with database(f"waymark_test_{secrets.token_hex(4)}") as warehouse:
            yield warehouse
        return
    with running(folder) as bridge:
        yield Warehouse(url=f"{bridge.url}/default")


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Warehouse]:
    """What the environment asks for."""
    if not SERVER:
        yield Warehouse(folder=folder)
        return
    with served(folder) as warehouse:
        yield warehouse


def of_processes(folder: Path) -> Warehouse:
    """That of processes that come and go, opened by one after the other."""
    if not SERVER:
        return Warehouse(folder=folder / "warehouse")
    name = f"waymark_test_{hashlib.blake2b(str(folder).encode(), digest_size=6).hexdigest()}"
    if name not in _made:
        _made.add(name)
        _tell(f"CREATE DATABASE IF NOT EXISTS {name}")
        atexit.register(_tell, f"DROP DATABASE {name}")
    return Warehouse(url=f"{SERVER}/{name}")


_made: set[str] = set()


def _tell(statement: str) -> None:
    keeper = clickhouse_connect.get_client(dsn=SERVER)
    keeper.command(statement)
    keeper.close()
