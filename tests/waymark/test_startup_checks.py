"""What must not be used is refused at the start, and what is away is waited for."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from harness.clickhouse.server import running
from infra.warehouse import Warehouse
from waymark.errors import UserError
from waymark.settings import read
from waymark.startup_checks import Prepared, prepare


async def test_a_server_of_long_ago_ends_the_service(tmp_path: Path, redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    settings = read({}, data=tmp_path)
    with running(tmp_path / "warehouse") as bridge:
        warehouse = Warehouse(url=f"{bridge.url}/default")
        bridge.version = "25.8.4.13"
        with pytest.raises(UserError, match=r"ClickHouse 25\.8\.4\.13 is too old: Waymark needs 26\.2 or newer"):
            await prepare(settings, warehouse, redis, Prepared())
        bridge.version = ""
        prepared = Prepared()
        await prepare(settings, warehouse, redis, prepared)
        assert prepared.tables.is_set()
    await redis.aclose()
