"""What is kept of deleted codes while their rows are: found by slug, and gone by itself when the rows go."""

import msgspec
from redis.asyncio import Redis

from codes import variants
from codes.connection import Script, ask, reaching
from schemas import keys
from schemas.code import Code, DeletedCode

# A slug may be used again, so the latest code with it is the one that is kept; a sweep may come late with another.
_PUT = Script("""
local raw = redis.call('GET', KEYS[1])
if raw and cjson.decode(raw).number >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[3])
return 1
""")
_decoder = msgspec.json.Decoder(DeletedCode)


def remains_of(code: Code, keep_until_ms: int) -> DeletedCode:
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


async def put(redis: Redis, remains: DeletedCode) -> bool:
    """Whether it was new: neither this nor a later code of that slug was there."""
    at = keys.deleted_code(remains.workspace, remains.slug)
    raw = msgspec.json.encode(remains)
    return bool(await _PUT.run(redis, [at], raw, remains.number, remains.keep_until_ms))


@reaching
async def find(redis: Redis, workspace: int, slug: str, now_ms: int) -> DeletedCode | None:
    """The latest code that was deleted under this slug, if its rows are still kept."""
    raw = await ask(redis, "GET", keys.deleted_code(workspace, slug))
    found = _decoder.decode(raw) if raw else None
    return found if found and now_ms < found.keep_until_ms else None
