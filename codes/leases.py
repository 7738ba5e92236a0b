"""A lease in Redis: of several processes, one at a time does something. One of a killed process expires by itself."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis

from codes.errors import Unavailable
from codes.redis_client import Script, command, raises_unavailable

LEASE_MS = 15_000

_RENEW = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
""")
_RELEASE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
""")


@asynccontextmanager
async def lease(redis: Redis, key: str, *, lease_ms: int = LEASE_MS) -> AsyncIterator[asyncio.Event | None]:
    """An event that is set when the lease is lost; None if another process has it. Raises Unavailable."""
    token, lost = secrets.token_hex(8), asyncio.Event()
    if not await take(redis, key, token, lease_ms):
        yield None
        return

    async def keep() -> None:
        while not lost.is_set():
            await asyncio.sleep(lease_ms / 3000)
            with suppress(Unavailable):
                if not await renew(redis, key, token, lease_ms):
                    lost.set()

    renewing = asyncio.create_task(keep())
    try:
        yield lost
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        # One that cannot be released expires by itself.
        with suppress(Unavailable):
            await release(redis, key, token)


@raises_unavailable
async def take(redis: Redis, key: str, token: str, lease_ms: int) -> bool:
    """Whether nobody else had it. It must be renewed."""
    return bool(await command(redis, "SET", key, token, "NX", "PX", lease_ms))


@raises_unavailable
async def renew(redis: Redis, key: str, token: str, lease_ms: int) -> bool:
    """Whether it was still ours."""
    return bool(await _RENEW.run(redis, [key], token, lease_ms))


@raises_unavailable
async def release(redis: Redis, key: str, token: str) -> None:
    """Does nothing with a token that has no lease."""
    await _RELEASE.run(redis, [key], token)
