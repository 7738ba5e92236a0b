"""What counts as a Redis that hangs."""

import asyncio
import signal
import time

import pytest

from redirect.redis_connection import GIVEN_UP_LOOKS, LOOK_S, PATIENT_LOOKS, Away, connect
from tests.servers.redis import RedisServer


async def test_a_redis_that_hangs_is_found_out_and_believed_again(own_redis: RedisServer) -> None:
    wire = await connect(own_redis.url)
    own_redis.signal(signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(Away):
        await wire.call("PING")
    assert time.monotonic() - began > LOOK_S * (PATIENT_LOOKS - 1)
    own_redis.signal(signal.SIGCONT)
    for _ in range(1000):
        if not wire.hanging:
            break
        await asyncio.sleep(0.01)
    assert await wire.call("PING") == b"PONG"
    wire.close()


async def test_one_that_hangs_on_is_given_up(own_redis: RedisServer) -> None:
    wire = await connect(own_redis.url)
    own_redis.signal(signal.SIGSTOP)
    try:
        with pytest.raises(Away):
            await wire.call("PING")
        async with asyncio.timeout(LOOK_S * GIVEN_UP_LOOKS + 30):
            await wire.lost.wait()
    finally:
        own_redis.signal(signal.SIGCONT)
