"""The log of a long run has the beginning and the end of each outage, once."""

import asyncio
import logging

import pytest

from waymark.logs import start_line
from waymark.settings import read
from waymark.status import keep_watched


async def test_a_loss_and_a_return_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    said: list[str | None] = [None, "blip", None, "gone", "gone", "gone", "still gone", None, None, "gone", "gone"]
    stop = asyncio.Event()

    async def redis() -> str | None:
        if not said:
            stop.set()
            return "gone"
        return said.pop(0)

    async def warehouse() -> str | None:
        return None

    await asyncio.wait_for(keep_watched({"redis": redis, "warehouse": warehouse}, stop, 0.001), 20)
    assert [record.getMessage() for record in caplog.records] == [
        "redis is away: gone",
        "redis is back, after 0 s",
        "redis is away: gone",
    ]


def test_a_start_says_version_addresses_and_engines_and_no_password() -> None:
    variables = {
        "WAYMARK_REDIS_URL": "redis://:secret@redis.example:6380/0",
        "WAYMARK_CLICKHOUSE_URL": "https://user:secret@house.example/waymark",
        "WAYMARK_KAFKA_BOOTSTRAP": "kafka.example:9092",
        "WAYMARK_API_PORT": "8123",
    }
    settings = read(variables, data="/data")
    for service, says in {
        "redirect": ("port 8001", "Redis redis.example:6380", "journals /data/journal"),
        "api": ("port 8123", "Redis redis.example:6380", "ClickHouse house.example:8443"),
        "aggregate": ("Kafka kafka.example:9092", "ClickHouse house.example:8443"),
        "ingest": ("Kafka kafka.example:9092", "journals /data/journal"),
    }.items():
        line = start_line(service, settings)
        assert line.startswith("waymark ")
        assert "secret" not in line
        for word in says:
            assert word in line, (service, word, line)
    alone = start_line("core", read({"WAYMARK_REDIS_URL": "unix:///data/redis.sock"}, data="/data"))
    assert "Redis /data/redis.sock" in alone
    assert "chDB" in alone
