"""Deletion: the erasure of a code's scans, and the metadata that keeps its analytics readable until then.

A deleted code stops resolving in one step; its rows leave the warehouse afterwards. The intent is written first, so a
deleted code is always erased; the erasure is ordered only once the code is gone, so a living code never is. A crash in
between leaves the intent, and `codes.sweep` settles it by checking whether the code is alive.

The metadata is found by slug and expires with the rows.
"""

import msgspec
from redis.asyncio import Redis

from codes import variants
from codes.intents import Intent
from codes.redis_client import Script, command, raises_unavailable
from schemas import keys
from schemas.code import Code, DeletedCode, Erasure

# A slug may be used again, so the latest code with it is the one that is kept; a sweep may come late with another.
_PUT = Script("""
local raw = redis.call('GET', KEYS[1])
if raw and cjson.decode(raw).number >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[3])
return 1
""")
_decoder = msgspec.json.Decoder(DeletedCode)


def metadata_of(code: Code, keep_until_ms: int) -> DeletedCode:
    alone = code.sole
    # Its scans of now have no letter, but it may have been one of several before.
    was = (variants.former_of(code, alone.id, alone.key, code.destination, alone.label),) if alone else ()
    return DeletedCode(
        number=code.number,
        birth=code.birth,
        workspace=code.workspace,
        slug=code.slug,
        keep_until_ms=keep_until_ms,
        label=code.label,
        variants=code.variants,
        rules=tuple(rule.key for rule in code.rules),
        former=(*was, *code.former),
        letters_before=code.letters_before,
    )


async def store(redis: Redis, deleted: DeletedCode) -> bool:
    """Store the metadata, unless a later code of that slug has its own; return whether it was new."""
    at = keys.deleted_code(deleted.workspace, deleted.slug)
    raw = msgspec.json.encode(deleted)
    return bool(await _PUT.run(redis, [at], raw, deleted.number, deleted.keep_until_ms))


@raises_unavailable
async def find(redis: Redis, workspace: int, slug: str, now_ms: int) -> DeletedCode | None:
    """Return the latest code that was deleted under this slug, if its rows are still kept."""
    raw = await command(redis, "GET", keys.deleted_code(workspace, slug))
    found = _decoder.decode(raw) if raw else None
    return found if found and now_ms < found.keep_until_ms else None


async def order_erasure(redis: Redis, intent: Intent, deleted_at_ms: int) -> None:
    """Order the erasure of a code that is gone. Changes nothing if it is ordered already."""
    erasure = erasure_of(intent, deleted_at_ms)
    raw = msgspec.json.encode(erasure)
    new = await command(redis, "HSETNX", keys.ERASURES, erasure.birth, raw)
    # Another deletion of the same code may have come first, and have kept nothing.
    if intent.deleted_code is not None and (new or _keeps(await command(redis, "HGET", keys.ERASURES, erasure.birth))):
        await store(redis, intent.deleted_code)
    await command(redis, "UNLINK", keys.scans_used(erasure.birth))


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
