"""Secrets that sign tokens, shared by all processes through Redis and rotated by use.

A secret signs for `ROTATE_MS` and is kept afterwards for as long as what it signed can live. A caller that finds the
newest too old makes the next one; of several at once one wins, and the others use its.
"""

import secrets
from collections.abc import Callable

import msgspec
from redis.asyncio import Redis

from codes.redis_client import Script, command, raises_unavailable
from infra import clock
from schemas import keys

ROTATE_MS = 24 * 3600 * 1000
BYTES = 32


class Secret(msgspec.Struct, frozen=True):
    """`id` stands in what it signed."""

    id: str
    value: bytes
    made_at_ms: int


_decoder = msgspec.json.Decoder(tuple[Secret, ...])
_PUT = Script("""
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
""")


@raises_unavailable
async def current(redis: Redis, *, lives_ms: int, now_ms: Callable[[], int] = clock.now_ms) -> Secret:
    """Return the secret to sign with. What it signs must live for `lives_ms` at most."""
    while True:
        raw = await command(redis, "GET", keys.TOKEN_SECRETS) or b""
        known = _decoder.decode(raw) if raw else ()
        now = now_ms()
        if known and now < known[0].made_at_ms + ROTATE_MS:
            return known[0]
        made = Secret(secrets.token_hex(8), secrets.token_bytes(BYTES), now)
        kept = [one for one in known if now < one.made_at_ms + ROTATE_MS + lives_ms]
        if await _PUT.run(redis, [keys.TOKEN_SECRETS], raw, msgspec.json.encode([made, *kept])):
            return made


@raises_unavailable
async def find(redis: Redis, id: str, *, lives_ms: int, now_ms: Callable[[], int] = clock.now_ms) -> Secret | None:
    """Return the secret with this id, as long as something that it signed may live."""
    raw = await command(redis, "GET", keys.TOKEN_SECRETS)
    known = _decoder.decode(raw) if raw else ()
    now = now_ms()
    return next((one for one in known if one.id == id and now < one.made_at_ms + ROTATE_MS + lives_ms), None)
