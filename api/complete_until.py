"""Until when every scan is stored, for an API whose aggregator is another process: what that publishes in Redis."""

import asyncio
from contextlib import suppress

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from schemas import keys
from schemas.complete_until import UNKNOWN, CompleteUntil, decode

EVERY_S = 1.0


class PublishedCompleteUntil:
    """Asks once a second. While Redis is away, and while no aggregator says anything new, what it said last stays
    true."""

    def __init__(self, redis: Redis) -> None:
        self.latest = UNKNOWN
        self._redis = redis

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            with suppress(RedisError, OSError, msgspec.DecodeError):
                raw: bytes | None = await self._redis.get(keys.COMPLETE_UNTIL)  # type: ignore[assignment]
                self.latest = UNKNOWN if raw is None else decode(raw)
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await stop.wait()

    def __call__(self) -> CompleteUntil:
        return self.latest
