"""A deletion: the code stops resolving in one step, and its rows leave the warehouse afterwards.

The intent is written first, so that a deleted code is always erased, and the erasure only once the code is
gone, so that a living one never is. A crash in between leaves the intent, which `codes.sweep` settles by
looking whether the code is alive.
"""

import msgspec
from redis.asyncio import Redis

from codes import remains
from codes.connection import ask
from codes.intents import Intent
from schemas import keys
from schemas.code import Erasure


async def order_erasure(redis: Redis, intent: Intent, deleted_at_ms: int) -> None:
    """For a code that is gone. Changes nothing if it is ordered already."""
    erasure = erasure_of(intent, deleted_at_ms)
    raw = msgspec.json.encode(erasure)
    new = await ask(redis, "HSETNX", keys.ERASURES, erasure.birth, raw)
    # Another deletion of the same code may have come first, and have kept nothing.
    if intent.remains is not None and (new or _keeps(await ask(redis, "HGET", keys.ERASURES, erasure.birth))):
        await remains.put(redis, intent.remains)
    await ask(redis, "UNLINK", keys.scans_used(erasure.birth))


def _keeps(raw: bytes) -> bool:
    return msgspec.json.decode(raw, type=Erasure).keep_until_ms is not None


def erasure_of(intent: Intent, deleted_at_ms: int) -> Erasure:
    return Erasure(
        birth=intent.birth,
        id=intent.id,
        workspace=intent.workspace,
        deleted_at_ms=deleted_at_ms,
        keep_until_ms=intent.keep_until_ms,
    )
