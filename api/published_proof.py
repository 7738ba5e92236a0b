"""Until when every scan is stored, and what is proven, for an API whose aggregator is another process: what that
publishes in Redis."""

import asyncio
from contextlib import suppress
from typing import cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from schemas import complete_until, keys, proof
from schemas.complete_until import UNKNOWN, CompleteUntil
from schemas.proof import Proof

EVERY_S = 1.0


class PublishedProof:
    """Asks once a second. While Redis is away, and while no aggregator says anything new, what it said last stays."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._complete = UNKNOWN
        self._proof: Proof | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            with suppress(RedisError, OSError, msgspec.DecodeError):
                await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await stop.wait()

    async def look(self) -> None:
        """Raises what Redis raises, and msgspec.DecodeError."""
        found = await self._redis.mget(keys.COMPLETE_UNTIL, keys.PROOF)
        complete, proven = cast(list[bytes | None], found)
        self._complete = UNKNOWN if complete is None else complete_until.decode(complete)
        self._proof = None if proven is None else proof.decode(proven)

    def completeness(self) -> CompleteUntil:
        return self._complete

    def proof(self) -> Proof | None:
        return self._proof
