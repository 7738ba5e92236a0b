"""The task that erases what `codes` has noted down for erasure in Redis.

A note stays for ever, because events of a deleted code may come late: a journal may have lain on a
machine that was off. So a code is looked at again when as much time has passed as since its
deletion (at least `SOON_S`, at most `LATE_S`), and all of them every `LATE_S`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Protocol, TypeVar

import msgspec
import redis.asyncio
from clickhouse_connect.driver.client import Client
from redis.exceptions import RedisError

from aggregator.desk import Away
from aggregator.erase import due, erase, purge
from schemas import keys
from schemas.code import Erasure

log = logging.getLogger(__name__)

T = TypeVar("T")

SOON_S = 10
LATE_S = 3600
# Codes erased in one go, between two batches.
BATCH = 200


class Between(Protocol):
    """`Aggregator.between`: runs the work on the insert thread's client, between two batches."""

    def __call__(self, work: Callable[[Client], T]) -> Awaitable[T]: ...


class Erasures:
    """`now_ms` is the wall clock. Redis or the warehouse away: it is logged once, and tried again."""

    def __init__(self, redis: "redis.asyncio.Redis", between: Between, now_ms: Callable[[], int]) -> None:
        self._redis = redis
        self._between = between
        self._now_ms = now_ms
        self._known = -1
        self._everything_at = 0
        # Codes deleted lately, and when to look at them again.
        self._again: dict[int, int] = {}
        self.erased = 0

    async def run(self, stop: asyncio.Event, pause_s: float = 5.0) -> None:
        """Until `stop` is set."""
        trouble = ""
        while not stop.is_set():
            try:
                await self.sweep()
                trouble = ""
            except (RedisError, Away, OSError) as error:
                if str(error) != trouble:
                    log.warning("erasure waits: %s", error)
                trouble = str(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)

    async def sweep(self) -> int:
        """Erases what is due, and returns how many rows that were. Raises what Redis or the warehouse raises."""
        now = self._now_ms()
        everything = now >= self._everything_at
        known = int(await self._redis.hlen(keys.ERASURES))
        if not (everything or known != self._known or any(at <= now for at in self._again.values())):
            return 0
        before = self.erased
        batch: list[Erasure] = []
        async for one in self._notes():
            if due([one], now) and (everything or self._is_soon(one, now)):
                batch.append(one)
            if len(batch) == BATCH:
                await self._erase(batch, now)
                batch = []
        if batch:
            await self._erase(batch, now)
        self._known = known
        if everything:
            await self._between(purge)
            self._everything_at = now + LATE_S * 1000
        return self.erased - before

    def _is_soon(self, one: Erasure, now: int) -> bool:
        return _wait_ms(one, now) < LATE_S * 1000 and self._again.get(one.birth, 0) <= now

    async def _erase(self, batch: list[Erasure], now: int) -> None:
        numbers = [one.birth for one in batch]
        rows = await self._between(lambda client: erase(client, numbers))
        if rows:
            log.info("erased %d scans of deleted codes", rows)
        self.erased += rows
        for one in batch:
            wait = _wait_ms(one, now)
            if wait < LATE_S * 1000:
                self._again[one.birth] = now + wait
            else:
                self._again.pop(one.birth, None)

    async def _notes(self) -> AsyncIterator[Erasure]:
        async for _, raw in self._redis.hscan_iter(keys.ERASURES, count=500):
            try:
                yield msgspec.json.decode(raw, type=Erasure)
            except msgspec.DecodeError as error:
                log.error("an erasure cannot be read: %s", error)


def _wait_ms(one: Erasure, now: int) -> int:
    since = now - max(one.deleted_at_ms, one.keep_until_ms or 0)
    return min(max(since, SOON_S * 1000), LATE_S * 1000)
