"""One chDB for all of these tests that a worker runs in a row, closed before others begin (a process may have one
folder open at a time), and one empty Redis for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from infra.migrate import migrate
from infra.warehouse import Warehouse
from tests.api.service import Service


@pytest.fixture(scope="package")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    found = Warehouse(folder=tmp_path_factory.mktemp("warehouse") / "chdb")
    client = found.connect(max_threads=1)
    try:
        migrate(client)
        yield found
    finally:
        client.close()


@pytest.fixture
async def api(redis_url: str, warehouse: Warehouse) -> AsyncIterator[Service]:
    service = Service(redis_url, warehouse)
    await service.open()
    try:
        yield service
    finally:
        await service.close()
