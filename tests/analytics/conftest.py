"""One engine for each module: a process may have one chDB folder open at a time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from infra.migrate import migrate
from infra.warehouse import Warehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder: Path = tmp_path_factory.mktemp("warehouse")
    return Warehouse(folder=folder / "chdb")


@pytest.fixture(scope="module")
def client(warehouse: Warehouse) -> Iterator[Client]:
    client = warehouse.connect(max_threads=1)
    try:
        migrate(client)
        yield client
    finally:
        client.close()
