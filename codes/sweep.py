"""Sweep: finish or revert what crashes have left between two steps.

Takes only intents whose writer can do nothing more (`codes.intents`), so it may run in several processes at once, and
beside everything else. Each case is decided by what is stored, so a sweep that is interrupted is simply run again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from redis.asyncio import Redis

from codes import apikeys, code_store, deleted_codes, folders, index, intents
from codes.errors import Unavailable
from codes.intents import Intent
from codes.redis_client import raises_unavailable
from infra import clock

EVERY_S = 30.0


@raises_unavailable
async def sweep(
    redis: Redis, *, older_than_ms: int = intents.SWEEP_MS, now_ms: Callable[[], int] = clock.now_ms
) -> Counter[str]:
    """Settle every abandoned intent; return the count of each kind. Raises Unavailable."""
    settled: Counter[str] = Counter()
    async for nonce, intent in intents.abandoned(redis, older_than_ms):
        match intent.op:
            case "create":
                await _create(redis, nonce, intent)
            case "delete":
                await _delete(redis, intent)
            case "key":
                await _key(redis, intent)
            case "unfile":
                await _unfile(redis, intent, now_ms)
        await intents.clear(redis, nonce)
        settled[intent.op] += 1
    return settled


async def sweep_until(redis: Redis, stop: asyncio.Event, *, every_s: float = EVERY_S) -> None:
    """Sweep until `stop`. Retries when Redis is away."""
    while not stop.is_set():
        # Nothing is lost by waiting.
        with suppress(Unavailable):
            await sweep(redis)
        try:
            await asyncio.wait_for(stop.wait(), every_s)
        except TimeoutError:
            continue


async def _create(redis: Redis, nonce: str, intent: Intent) -> None:
    """Index the code if it was written; else it never will be."""
    link = await code_store.read_link(redis, intent.host, intent.slug)
    if link.code is not None and link.code.id == intent.id:
        at = index.pointer(intent.host, intent.slug, nonce)
        # Another attempt may have created it, under another number.
        await index.add(redis, link.code, at)


async def _delete(redis: Redis, intent: Intent) -> None:
    """A live code stays; order the erasure of one that is gone."""
    if await index.find(redis, intent.id) is None:
        await deleted_codes.order_erasure(redis, intent, intent.at_ms)
        await index.remove(redis, intent.id, intent.workspace)


async def _key(redis: Redis, intent: Intent) -> None:
    """Drop a listing without a key."""
    key = await apikeys.read(redis, intent.digest)
    if key is None or key.id != intent.id:
        await apikeys.drop_listing(redis, intent.workspace, intent.id)


async def _unfile(redis: Redis, intent: Intent, now_ms: Callable[[], int]) -> None:
    """Empty the folder, unless it is still there."""
    if not await folders.exists(redis, intent.workspace, intent.id):
        await folders.empty_folder(redis, intent.workspace, intent.id, now_ms=now_ms)
