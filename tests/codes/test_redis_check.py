"""codes: which Redis may be the system of record."""

import pytest
from redis.asyncio import Redis

from codes.errors import UnfitRedis
from codes.redis_check import check_server
from codes.redis_client import connect


async def test_an_append_only_redis_that_evicts_nothing_is_fit(redis: Redis) -> None:
    await check_server(redis)


@pytest.mark.parametrize(
    ("setting", "bad", "good", "reason"),
    [
        ("maxmemory-policy", "allkeys-lru", "noeviction", "noeviction"),
        ("maxmemory-policy", "volatile-ttl", "noeviction", "noeviction"),
        ("appendonly", "no", "yes", "append-only"),
        ("appendfsync", "everysec", "always", "WAYMARK_REDIS_FSYNC"),
        ("appendfsync", "no", "always", "appendfsync no"),
    ],
)
async def test_another_is_refused_with_the_reason(redis: Redis, setting: str, bad: str, good: str, reason: str) -> None:
    await redis.config_set(setting, bad)
    try:
        with pytest.raises(UnfitRedis, match=reason):
            await check_server(redis)
    finally:
        await redis.config_set(setting, good)
    await check_server(redis)


async def test_a_weaker_sync_is_taken_where_that_was_said(redis: Redis) -> None:
    await redis.config_set("appendfsync", "everysec")
    try:
        await check_server(redis, "everysec")
        await redis.config_set("appendfsync", "no")
        with pytest.raises(UnfitRedis, match="appendfsync no"):
            await check_server(redis, "everysec")
    finally:
        await redis.config_set("appendfsync", "always")


async def test_one_without_a_file_is_taken_where_that_was_said(redis: Redis) -> None:
    await redis.config_set("appendonly", "no")
    try:
        with pytest.raises(UnfitRedis, match="WAYMARK_REDIS_FSYNC=none"):
            await check_server(redis, "everysec")
        await check_server(redis, "none")
        await redis.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(UnfitRedis, match="noeviction"):
            await check_server(redis, "none")
    finally:
        await redis.config_set("maxmemory-policy", "noeviction")
        await redis.config_set("appendonly", "yes")


async def test_a_server_that_does_not_tell_is_not_believed_to_sync(redis: Redis) -> None:
    await redis.acl_setuser("hosted", enabled=True, passwords=["+secret"], keys=["*"], commands=["+info", "-config"])
    hosted = connect(f"unix://hosted:secret@{redis.connection_pool.connection_kwargs['path']}")
    try:
        with pytest.raises(UnfitRedis, match="does not tell"):
            await check_server(hosted)
        await check_server(hosted, "everysec")
    finally:
        await hosted.aclose()
        await redis.acl_deluser("hosted")
