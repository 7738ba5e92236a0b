"""Tell those who work in the background that there is something to do, so that they need not ask Redis all the time.

The scripts that make work publish its name in the step that makes it. One connection of a process hears that and sets
the events of its workers. Nothing depends on a message: when the connection is lost, workers ask as often as if there
were no signals, and once it stands again all of them look, since one may have been missed.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from codes.redis_client import command
from schemas import keys

_log = logging.getLogger(__name__)

Work = Literal["webhooks", "jobs"]

# Parts of scripts.
TELL_WEBHOOKS = f"redis.call('PUBLISH', '{keys.WORK}', 'webhooks')\n"
TELL_JOBS = f"redis.call('PUBLISH', '{keys.WORK}', 'jobs')\n"

# How long a worker that is told of work waits before it looks nevertheless.
IDLE_S = 5.0
# A connection that is silent for this long is asked whether it is alive, and has as long to answer.
PING_S = 5.0
RETRY_S = 0.5


async def first_after(redis: Redis, key: str, now_ms: int) -> int | None:
    """The first time after now in a sorted set by time."""
    rows = await command(redis, "ZRANGEBYSCORE", key, f"({now_ms}", "+inf", "WITHSCORES", "LIMIT", 0, 1)
    return int(float(rows[0][1] if isinstance(rows[0], list | tuple) else rows[1])) if rows else None


class WorkSignals:
    """Of one process. `run` hears; without it, nobody is told, and workers ask by themselves."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._events: defaultdict[Work, set[asyncio.Event]] = defaultdict(set)
        self._hears = False

    @contextmanager
    def setting(self, work: Work, event: asyncio.Event) -> Iterator[None]:
        """Have the event set whenever there may be such work."""
        self._events[work].add(event)
        try:
            yield
        finally:
            self._events[work].discard(event)

    def patience(self, poll_s: float) -> float:
        """How long a worker with nothing to do may wait for its event, if it would look every `poll_s` otherwise."""
        return max(IDLE_S, poll_s) if self._hears else poll_s

    async def run(self, stop: asyncio.Event) -> None:
        """Hear until `stop`. While Redis is away, try again."""
        hearing = asyncio.create_task(self._keep_hearing(stop))
        try:
            await stop.wait()
        finally:
            hearing.cancel()
            with suppress(asyncio.CancelledError):
                await hearing

    async def _keep_hearing(self, stop: asyncio.Event) -> None:
        # (A client that is cancelled as its time is over may only say that it is.)
        while not stop.is_set():
            try:
                await self._hear()
            except (exceptions.RedisError, OSError) as error:
                _log.debug("no signals of work: %s", error)
            finally:
                self._hears = False
                self._tell_all()
            await asyncio.sleep(RETRY_S)

    async def _hear(self) -> None:
        async with self._redis.pubsub() as heard:
            await heard.subscribe(keys.WORK)
            while True:
                message = await _next(heard)
                if message["type"] == "subscribe":
                    self._hears = True
                    self._tell_all()
                elif message["type"] == "message":
                    self._tell(message["data"].decode())

    def _tell(self, work: Work) -> None:
        for event in self._events[work]:
            event.set()

    def _tell_all(self) -> None:
        for work in self._events:
            self._tell(work)


async def _next(heard: PubSub) -> dict[str, Any]:
    """Raises redis's TimeoutError when the connection is dead."""
    for asked in (False, True):
        message: dict[str, Any] | None = await heard.get_message(timeout=PING_S)
        if message is not None:
            return message
        if not asked:
            await heard.ping()
    raise exceptions.TimeoutError("Redis is silent")
