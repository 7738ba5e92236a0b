"""The secret that seals positions in the stream, shared by all processes of the API. Made once and kept: positions are
good for days, and a new secret would make them unreadable."""

import secrets

from redis.asyncio import Redis

from codes.redis_client import command, raises_unavailable
from schemas import keys

BYTES = 32


@raises_unavailable
async def position_secret(redis: Redis) -> bytes:
    """Raises Unavailable."""
    await command(redis, "SET", keys.POSITION_SECRET, secrets.token_bytes(BYTES), "NX")
    found: bytes = await command(redis, "GET", keys.POSITION_SECRET)
    return found
