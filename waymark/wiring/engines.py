"""Whether the engines answer, as `waymark_engine_up` tells it and the log says it."""

import asyncio
from collections.abc import Mapping

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from urllib3.exceptions import HTTPError

from aggregator.aggregator import Aggregator
from api.context import Ready
from infra.warehouse import Warehouse

# Shorter than the patience of who asks (`api.health`), so that no thread is left waiting.
WITHIN_S = 1


def kafka_of(moving: Aggregator) -> Ready:
    """An aggregator asks its brokers for the lag of its partitions all the time."""

    async def followed() -> str | None:
        workers = list(moving.workers.values())
        silent = workers and all(worker.lag is None for worker in workers)
        return "Kafka does not answer" if silent or moving.status()["trouble"] else None

    return followed


def engines_of(warehouse: Warehouse, redis: Redis) -> Mapping[str, Ready]:
    """For an aggregator by itself; an API asks both for its own readiness."""
    asking = _Asking(warehouse)

    async def asked_redis() -> str | None:
        try:
            await redis.ping()
        except RedisError:
            return "Redis does not answer"
        return None

    async def asked_warehouse() -> str | None:
        return None if await asyncio.to_thread(asking.answers) else "the warehouse does not answer"

    return {"redis": asked_redis, "warehouse": asked_warehouse}


class _Asking:
    """Keeps a client: to make one costs a server more than the question."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._client: Client | None = None

    def answers(self) -> bool:
        try:
            if self._client is None:
                self._client = self._warehouse.connect(timeout_s=WITHIN_S)
            return self._client.ping()
        except (ClickHouseError, HTTPError, OSError):
            return False
