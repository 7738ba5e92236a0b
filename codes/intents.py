"""What a change of several steps is about to do, written down before its first step.

One step touches one hash slot, so a change that touches several can be cut short between two of them.
Whoever makes it clears its intent when all is done; `codes.sweep` finishes or takes back what is left of
the others. An intent's owner has a deadline for the step that decides, by Redis' clock, and the sweep looks
only at intents well past it: the two never work on one at the same time.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

import msgspec
from redis.asyncio import Redis

from codes.redis_client import Script, command
from schemas import keys
from schemas.code import DeletedCode

# How long an owner has, and how old an intent is before the sweep takes it.
OWNER_MS = 10_000
SWEEP_MS = 60_000

# Called with the name of each step that has just been done; tests stop there.
Step = Callable[[str], Awaitable[None]]


async def no_step(step: str) -> None:
    """What a Step does outside of tests."""


class Intent(msgspec.Struct, frozen=True, omit_defaults=True):
    """`host` and `slug` are where a code that is made will be. `digest` is a key's; of `unfile`, `id` is a folder's.
    `at_ms` is known when it is read: when it was declared."""

    op: Literal["create", "delete", "key", "unfile"]
    id: str
    workspace: int
    birth: int = 0
    host: str = ""
    slug: str = ""
    digest: str = ""
    at_ms: int = 0
    keep_until_ms: int | None = None
    # Of a deletion after which the rows are kept.
    deleted_code: DeletedCode | None = None


_DECLARE = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
return now
""")
_decoder = msgspec.json.Decoder(Intent)


async def declare(redis: Redis, nonce: str, intent: Intent) -> int:
    """Writes it down and returns the deadline for the step that decides."""
    begun_ms: int = await _DECLARE.run(redis, [keys.INTENTS], nonce, msgspec.json.encode(intent))
    return begun_ms + OWNER_MS


async def clear(redis: Redis, nonce: str) -> None:
    await command(redis, "HDEL", keys.INTENTS, nonce)


async def abandoned(redis: Redis, older_than_ms: int = SWEEP_MS) -> AsyncIterator[tuple[str, Intent]]:
    """Nonces and intents whose owner can do nothing more about them."""
    seconds, micros = await command(redis, "TIME")
    now_ms = seconds * 1000 + micros // 1000
    async for nonce, raw in redis.hscan_iter(keys.INTENTS):
        begun_ms, _, text = raw.partition(b" ")
        if now_ms - int(begun_ms) > older_than_ms:
            yield nonce.decode(), msgspec.structs.replace(_decoder.decode(text), at_ms=int(begun_ms))
