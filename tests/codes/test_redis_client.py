"""codes: a burst of callers shares a few connections, and callers that go away take none along."""

import asyncio
import random

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from codes import redis_client
from codes.errors import Unavailable
from codes.redis_client import Pool, Script, command, connect, raises_unavailable


async def test_cancelled_callers_take_no_connection_along(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(1)
    callers = [asyncio.create_task(command(redis, "INCR", "{wm}:numbers")) for _ in range(400)]
    for caller in callers:
        asyncio.get_running_loop().call_later(rng.random() * 0.05, caller.cancel)
    await asyncio.gather(*callers, return_exceptions=True)
    pool = redis.connection_pool
    assert isinstance(pool, Pool)
    # Every turn is free again: as many as there are can be had at once, and not one more.
    held = [await pool.get_connection() for _ in range(redis_client.CONNECTIONS)]
    monkeypatch.setattr(redis_client, "BUSY_S", 0.05)
    with pytest.raises(TimeoutError):
        await pool.get_connection()
    for one in held:
        await pool.release(one)
    assert await command(redis, "PING")


async def test_a_redis_that_is_not_there_is_unavailable_as_often_as_it_is_asked() -> None:
    redis = connect("redis://127.0.0.1:1/")
    asking = raises_unavailable(command)
    for _ in range(3 * redis_client.CONNECTIONS):
        with pytest.raises(Unavailable):
            await asking(redis, "PING")
    await redis.aclose()


@pytest.mark.parametrize(
    ("setting", "bad", "good"), [("maxmemory", "1", "0"), ("min-replicas-to-write", "1", "0"), ("replicaof", "", "")]
)
async def test_a_script_that_redis_cannot_carry_out_now_is_no_defect(
    redis: Redis, setting: str, bad: str, good: str
) -> None:
    """6.2 wraps its reply in the script's error, which became a 500."""
    script = raises_unavailable(Script("return redis.call('SET', KEYS[1], ARGV[1])").run)
    if setting == "replicaof":
        await command(redis, "REPLICAOF", "127.0.0.1", 1)
    else:
        await redis.config_set(setting, bad)
    try:
        with pytest.raises(Unavailable):
            await script(redis, ["{wm}:numbers"], "1")
    finally:
        if setting == "replicaof":
            await command(redis, "REPLICAOF", "NO", "ONE")
        else:
            await redis.config_set(setting, good)
    with pytest.raises(ResponseError, match="as it should"):
        await raises_unavailable(Script("return redis.error_reply('ERR as it should')").run)(redis, [])
