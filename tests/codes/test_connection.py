"""codes: a burst of callers shares a few connections, and callers that go away take none along."""

import asyncio
import random

import pytest
from redis.asyncio import Redis

from codes import connection
from codes.connection import Pool, ask, connect, reaching
from codes.errors import Unavailable


async def test_cancelled_callers_take_no_connection_along(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(1)
    callers = [asyncio.create_task(ask(redis, "INCR", "wm:numbers")) for _ in range(400)]
    for caller in callers:
        asyncio.get_running_loop().call_later(rng.random() * 0.05, caller.cancel)
    await asyncio.gather(*callers, return_exceptions=True)
    pool = redis.connection_pool
    assert isinstance(pool, Pool)
    # Every turn is free again: as many as there are can be had at once, and not one more.
    held = [await pool.get_connection() for _ in range(connection.CONNECTIONS)]
    monkeypatch.setattr(connection, "BUSY_S", 0.05)
    with pytest.raises(TimeoutError):
        await pool.get_connection()
    for one in held:
        await pool.release(one)
    assert await ask(redis, "PING")


async def test_a_redis_that_is_not_there_is_unavailable_as_often_as_it_is_asked() -> None:
    redis = connect("redis://127.0.0.1:1/")
    asking = reaching(ask)
    for _ in range(3 * connection.CONNECTIONS):
        with pytest.raises(Unavailable):
            await asking(redis, "PING")
    await redis.aclose()
