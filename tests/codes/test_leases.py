"""A lease in Redis belongs to one at a time, and to nobody once it has run out."""

import asyncio

from redis.asyncio import Redis

from codes import leases

KEY = "{wm}:test:lease"


async def test_one_at_a_time_has_it(redis: Redis) -> None:
    assert await leases.take(redis, KEY, "a", 60_000)
    assert not await leases.take(redis, KEY, "b", 60_000)
    assert await leases.renew(redis, KEY, "a", 60_000) and not await leases.renew(redis, KEY, "b", 60_000)
    await leases.release(redis, KEY, "b")
    assert not await leases.take(redis, KEY, "b", 60_000)
    await leases.release(redis, KEY, "a")
    assert await leases.take(redis, KEY, "b", 60_000)


async def test_it_lasts_as_long_as_it_is_held_and_says_when_it_is_lost(redis: Redis) -> None:
    async with leases.lease(redis, KEY, lease_ms=300) as lost:
        assert lost is not None
        async with leases.lease(redis, KEY) as other:
            assert other is None
        # Somebody who thought it had run out.
        await redis.set(KEY, "another")
        await asyncio.wait_for(lost.wait(), 30)
    assert await redis.get(KEY) == b"another", "what is not ours any more is not released"
    await redis.delete(KEY)
    async with leases.lease(redis, KEY) as lost:
        assert lost is not None
    assert await redis.get(KEY) is None
