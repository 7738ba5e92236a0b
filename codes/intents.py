"""Intents: what a change of several steps is about to do, written down before its first step.

A change of several steps can be interrupted between two of them. The writer clears its intent at the end; `codes.sweep`
finishes or reverts what is left of the others. The writer has a deadline for the deciding step, by Redis' clock, and
the sweep takes only intents well past it: the two never work on one at the same time.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

import msgspec
from redis.asyncio import Redis

from codes.redis_client import Script, command
from schemas import keys
from schemas.code import DeletedCode

# The writer's deadline, and the age at which the sweep takes an intent.
OWNER_MS = 10_000
SWEEP_MS = 60_000

# Called with the name of each finished step; tests stop there.
Step = Callable[[str], Awaitable[None]]


async def no_step(step: str) -> None:
    """The Step outside of tests."""


class Intent(msgspec.Struct, frozen=True, omit_defaults=True):
    """`host` and `slug` are those of a code to create, `digest` is a key's; for `unfile`, `id` is a folder's. `at_ms`,
    when it was declared, is known once it is read."""

    op: Literal["create", "delete", "key", "unfile"]
    id: str
    workspace: int
    birth: int = 0
    host: str = ""
    slug: str = ""
    digest: str = ""
    at_ms: int = 0
    keep_until_ms: int | None = None
    # Of a deletion that keeps the rows.
    deleted_code: DeletedCode | None = None


_DECLARE = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
return now
""")
_decoder = msgspec.json.Decoder(Intent)


async def declare(redis: Redis, nonce: str, intent: Intent) -> int:
    """Store the intent; return the deadline of the deciding step."""
    begun_ms: int = await _DECLARE.run(redis, [keys.INTENTS], nonce, msgspec.json.encode(intent))
    return begun_ms + OWNER_MS


async def clear(redis: Redis, nonce: str) -> None:
    await command(redis, "HDEL", keys.INTENTS, nonce)


async def abandoned(redis: Redis, older_than_ms: int = SWEEP_MS) -> AsyncIterator[tuple[str, Intent]]:
    """Yield nonces and intents whose writer can do nothing more about them."""
    seconds, micros = await command(redis, "TIME")
    now_ms = seconds * 1000 + micros // 1000
    async for nonce, raw in redis.hscan_iter(keys.INTENTS):
        begun_ms, _, text = raw.partition(b" ")
        if now_ms - int(begun_ms) > older_than_ms:
            yield nonce.decode(), msgspec.structs.replace(_decoder.decode(text), at_ms=int(begun_ms))
