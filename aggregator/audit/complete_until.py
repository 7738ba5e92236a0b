"""Keep up to date until when everything is stored, in the background of an aggregator."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol

import redis.asyncio
from clickhouse_connect.driver.exceptions import ClickHouseError
from redis.exceptions import RedisError
from urllib3.exceptions import HTTPError

from aggregator.audit.evidence import Unreachable
from infra.exposition import Reading
from schemas import keys
from schemas.complete_until import UNKNOWN, CompleteUntil, encode

log = logging.getLogger(__name__)

EVERY_S = 1.0


class Look(Protocol):
    """`UnstoredJournals` on one machine, `Heartbeats` on a cluster."""

    def look(self) -> CompleteUntil: ...


class CompleteUntilKeeper:
    """Looks once a second, in a thread. `latest` is what was found last, which stays true; with `publish_to`, an API in
    another process finds it in Redis."""

    def __init__(self, look: Look, now_ms: Callable[[], int], publish_to: "redis.asyncio.Redis | None" = None) -> None:
        self.latest = UNKNOWN
        self._look = look
        self._now_ms = now_ms
        self._publish_to = publish_to
        self._reason = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. What does not answer is logged once, and waited for."""
        # One thread, because readers of journals and clients of the warehouse belong to one.
        with ThreadPoolExecutor(1, "complete-until") as thread:
            while not stop.is_set():
                try:
                    self.latest = await asyncio.get_running_loop().run_in_executor(thread, self._look.look)
                    if self._publish_to is not None:
                        await self._publish_to.set(keys.COMPLETE_UNTIL, encode(self.latest))
                    self._reason = ""
                except (Unreachable, ClickHouseError, HTTPError, RedisError, OSError) as error:
                    if str(error) != self._reason:
                        log.warning("until when everything is stored cannot be told now: %s", error)
                    self._reason = str(error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY_S):
                        await stop.wait()

    def readings(self) -> dict[str, Reading]:
        """For /metrics."""
        until = self.latest.until_ms
        age = 0.0 if until is None else max(0.0, (self._now_ms() - until) / 1000)
        return {"waymark_complete_age_seconds": age, "waymark_complete_held_sources": len(self.latest.held_by)}
