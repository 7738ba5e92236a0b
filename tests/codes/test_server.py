"""codes: which Redis may be the system of record."""

import pytest
from redis.asyncio import Redis

from codes.errors import Unfit
from codes.server import check_server


async def test_an_append_only_redis_that_evicts_nothing_is_fit(redis: Redis) -> None:
    await check_server(redis)


@pytest.mark.parametrize(
    ("setting", "bad", "good", "reason"),
    [
        ("maxmemory-policy", "allkeys-lru", "noeviction", "noeviction"),
        ("maxmemory-policy", "volatile-ttl", "noeviction", "noeviction"),
        ("appendonly", "no", "yes", "append-only"),
    ],
)
async def test_another_is_refused_with_the_reason(redis: Redis, setting: str, bad: str, good: str, reason: str) -> None:
    await redis.config_set(setting, bad)
    try:
        with pytest.raises(Unfit, match=reason):
            await check_server(redis)
    finally:
        await redis.config_set(setting, good)
    await check_server(redis)
