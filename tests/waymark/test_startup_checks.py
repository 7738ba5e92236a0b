"""What must not be used is refused at the start, and what is away is waited for."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from redis.asyncio import Redis

from harness.clickhouse.server import running
from harness.ports import free_ports
from infra.warehouse import Warehouse
from tests.servers import cluster
from waymark.checks.engines import engines
from waymark.commands.check import check
from waymark.errors import UserError
from waymark.settings import Settings, read
from waymark.startup_checks import Prepared, prepare, warehouse_of


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


async def test_a_cluster_that_the_server_does_not_know_ends_the_service_and_is_named_by_check(
    tmp_path: Path, redis_url: str
) -> None:
    redis = Redis.from_url(redis_url)
    with cluster.running(tmp_path / "warehouse") as bridge:
        address = {"WAYMARK_CLICKHOUSE_URL": f"{bridge.url}/default", "WAYMARK_REDIS_URL": redis_url}

        def at(name: str) -> Settings:
            return read({**address, "WAYMARK_CLICKHOUSE_CLUSTER": name}, data=tmp_path)

        async def said(name: str) -> tuple[str, str]:
            [found] = [one async for one in engines(at(name)) if one.about == "warehouse"]
            return found.state, found.text

        with pytest.raises(UserError, match="this server knows no cluster prod; it knows doubling, one, two"):
            await prepare(at("prod"), warehouse_of(at("prod")), redis, Prepared())
        assert await said("prod") == ("bad", "this server knows no cluster prod; it knows doubling, one, two")
        state, text = await said("two")
        assert state == "ok" and text.endswith("no scan yet, cluster two: 2 shards, 2 servers")
        state, text = await said("doubling")
        assert state == "bad" and text.endswith(
            "it lacks <internal_replication>, so each insert would go to every replica"
        )
        await prepare(at("one"), warehouse_of(at("one")), redis, Prepared())
    await redis.aclose()


def test_check_says_in_a_line_what_is_away(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    url = f"http://waymark:secret@127.0.0.1:{port}/waymark"
    away = {"WAYMARK_CLICKHOUSE_URL": url, "WAYMARK_KAFKA_BOOTSTRAP": f"127.0.0.1:{port}"}
    done = CliRunner().invoke(check, ["--data", str(tmp_path), "--json"], env=away)
    found = {one["about"]: one["text"] for one in json.loads(done.stdout)}
    assert done.exit_code == 1
    assert found["warehouse"] == f"ClickHouse at 127.0.0.1:{port} does not answer: Connection refused"
    assert found["kafka"].startswith(f"127.0.0.1:{port} does not answer: ")
    assert done.stderr == ""
