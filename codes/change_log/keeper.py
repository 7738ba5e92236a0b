"""Keep the change log whole, in each process that serves the API: make a snapshot when it is new, append what killed
processes have left marked, take in what redirectors count, compact it.

A log is new for a Redis that does not know its id: the first start, a Redis that was restored or replaced, a log that
was. A snapshot that is interrupted begins anew.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from redis.asyncio import Redis

from codes import leases, workspaces
from codes.change_log import records
from codes.change_log.recorder import AT_ONCE, Recorder
from codes.errors import Unavailable
from codes.redis_client import command, raises_unavailable
from schemas import keys

log = logging.getLogger("waymark.change_log")

EVERY_S = 5.0
# The age of a mark whose writer has not come to append: a write takes no longer than its client waits for Redis.
MARKED_MS = 15_000
# How often scans of limited codes are taken in, and how often to look at the log's size.
SELDOM_MS = 60_000
# The core serves meanwhile.
_PAUSE_S = 0.002


class ChangeLogKeeper:
    def __init__(self, recorder: Recorder, *, kept_ms: int) -> None:
        self._recorder = recorder
        self._redis = recorder.redis
        self._kept_ms = kept_ms
        self._complete = False
        self._marked = 0
        self._snapshot = 0
        self._used: dict[str, bytes] = {}
        self._seldom_ms = 0

    def metrics(self) -> Mapping[str, float]:
        return {
            "waymark_change_log_complete": int(self._complete),
            "waymark_change_log_unrecorded": self._marked,
            "waymark_change_log_failures_total": self._recorder.failures,
            "waymark_change_log_snapshot_elements": self._snapshot,
        }

    def status(self) -> Mapping[str, object]:
        """For `waymark status`. `unrecorded` is of the last round."""
        return {
            "complete": self._complete,
            "unrecorded": self._marked,
            "failures": self._recorder.failures,
            "snapshot_elements": self._snapshot,
        }

    async def run(self, stop: asyncio.Event, *, every_s: float = EVERY_S) -> None:
        """Keep it until `stop`. Retries when Redis or the log is away."""
        said = ""
        while not stop.is_set():
            try:
                await self.round()
                said = ""
            except Unavailable as error:
                if not said:
                    log.warning("the change log: %s", error)
                said = str(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every_s)

    @raises_unavailable
    async def round(self, *, marked_ms: int = MARKED_MS) -> None:
        """Raises Unavailable."""
        if not await workspaces.any_exist(self._redis):
            # Nothing was ever made in it, or all was lost: of that the log takes no snapshot.
            return
        self._complete = await is_complete(self._redis, await self._recorder.log.id())
        if not self._complete:
            async with leases.lease(self._redis, keys.CHANGE_LOG_LEASE) as lost:
                if lost is not None:
                    await self.snapshot()
        self._marked = await self.append_marked(marked_ms)
        now_ms = self._recorder.now_ms()
        if now_ms - self._seldom_ms >= SELDOM_MS:
            self._seldom_ms = now_ms
            await self._append_used()
            await self._recorder.log.keep(self._kept_ms)

    @raises_unavailable
    async def snapshot(self) -> None:
        """Append everything there is. Raises Unavailable."""
        recorder, name = self._recorder, secrets.token_hex(8)
        id = await recorder.log.id()
        await recorder.append_notes(records.note("begun", name, recorder.now_ms()))
        self._snapshot = 0
        some: list[str] = []
        async for element in elements(self._redis):
            some.append(element)
            if len(some) >= AT_ONCE:
                await recorder.append(some)
                self._snapshot += len(some)
                some = []
                await asyncio.sleep(_PAUSE_S)
        await recorder.append(some)
        self._snapshot += len(some)
        await recorder.append_notes(records.note("complete", name, recorder.now_ms()))
        await command(self._redis, "HSET", keys.CHANGE_LOGS, id, name)
        self._complete = True
        log.info("the change log has everything: %d elements", self._snapshot)

    async def append_marked(self, older_than_ms: int = MARKED_MS) -> int:
        """Append what is marked for so long; return how much is marked still."""
        now_ms, left = self._recorder.now_ms(), 0
        found: list[str] = []
        async for mark, at in self._redis.hscan_iter(keys.UNRECORDED, count=500):
            if now_ms - int(at) >= older_than_ms:
                found.append(mark.decode())
            else:
                left += 1
        for start in range(0, len(found), AT_ONCE):
            some = found[start : start + AT_ONCE]
            names = {mark.partition(" ")[2] for mark in some}
            # Ours as well, so that nobody takes these marks away while we append what is older by then.
            marks = await self._recorder.mark(names)
            await self._recorder.append(names)
            await self._recorder.unmark([*some, *marks])
        return left

    async def _append_used(self) -> None:
        """Redirectors count the scans of limited codes, and wait for no log."""
        births = [birth.decode() for birth in await command(self._redis, "HKEYS", keys.LIMITED_CODES)]
        for start in range(0, len(births), AT_ONCE):
            some = births[start : start + AT_ONCE]
            pipe = self._redis.pipeline(transaction=False)
            for birth in some:
                pipe.get(keys.scans_used(int(birth)))
            used = dict(zip(some, await pipe.execute(), strict=True))
            changed = [birth for birth, count in used.items() if count and count != self._used.get(birth)]
            await self._recorder.append(f"string {keys.scans_used(int(birth))}" for birth in changed)
            self._used.update((birth, used[birth]) for birth in changed)


@raises_unavailable
async def is_complete(redis: Redis, id: str) -> bool:
    """Whether the log with this id has everything, but for what is marked."""
    return bool(await command(redis, "HEXISTS", keys.CHANGE_LOGS, id))


@raises_unavailable
async def state_of(redis: Redis) -> tuple[bool, int]:
    """Whether some log has everything, and how many writes it may lack."""
    return bool(await command(redis, "HLEN", keys.CHANGE_LOGS)), int(await command(redis, "HLEN", keys.UNRECORDED))


async def elements(redis: Redis) -> AsyncIterator[str]:
    """All elements of this Redis. (A link key is found by its route, which stays when its code goes.)"""
    async for raw in redis.scan_iter(match=f"{keys.PREFIX}*", count=1000):
        key = raw.decode()
        kind = records.kind_of(key)
        if kind == "hash":
            async for field, _ in redis.hscan_iter(key, count=500):
                yield f"field {key} {field.decode()}"
        elif kind == "string" or (kind == "link" and key.endswith(":route")):
            yield records.element_of(key, kind)


async def keep_none(redis: Redis, stop: asyncio.Event, *, every_s: float = EVERY_S) -> None:
    """Where writes are not recorded, no log has everything: one that is kept again later begins with a snapshot."""
    while not stop.is_set():
        with suppress(Unavailable):
            await forget_logs(redis)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_s)


@raises_unavailable
async def forget_logs(redis: Redis) -> None:
    await command(redis, "DEL", keys.CHANGE_LOGS)
