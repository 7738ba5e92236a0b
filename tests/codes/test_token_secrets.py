"""codes: secrets that tokens are signed with, replaced each day and kept while a token may live."""

import asyncio

from redis.asyncio import Redis

from codes import apikeys, token_secrets
from codes.token_secrets import ROTATE_MS

LIVES = 3_600_000


class At:
    def __init__(self) -> None:
        self.ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.ms


async def test_all_processes_sign_with_the_same(redis: Redis) -> None:
    first, *others = await asyncio.gather(
        *(token_secrets.current(redis, lives_ms=LIVES, now_ms=At()) for _ in range(20))
    )
    assert set(others) == {first}
    assert len(first.value) == 32
    assert await token_secrets.find(redis, first.id, lives_ms=LIVES, now_ms=At()) == first
    assert await token_secrets.find(redis, "another", lives_ms=LIVES, now_ms=At()) is None


async def test_the_next_takes_over_after_a_day_and_the_old_one_stays_while_its_tokens_live(redis: Redis) -> None:
    at = At()
    first = await token_secrets.current(redis, lives_ms=LIVES, now_ms=at)
    at.ms += ROTATE_MS - 1
    assert await token_secrets.current(redis, lives_ms=LIVES, now_ms=at) == first
    at.ms += 1
    second = await token_secrets.current(redis, lives_ms=LIVES, now_ms=at)
    assert second.id != first.id and second.value != first.value
    # Signed with the first at its last moment, a token lives until here.
    at.ms += LIVES - 1
    assert await token_secrets.find(redis, first.id, lives_ms=LIVES, now_ms=at) == first
    at.ms += 1
    assert await token_secrets.find(redis, first.id, lives_ms=LIVES, now_ms=at) is None
    assert await token_secrets.find(redis, second.id, lives_ms=LIVES, now_ms=at) == second


async def test_old_secrets_leave_redis(redis: Redis) -> None:
    at = At()
    first = await token_secrets.current(redis, lives_ms=LIVES, now_ms=at)
    for _ in range(3):
        at.ms += ROTATE_MS
        await token_secrets.current(redis, lives_ms=LIVES, now_ms=at)
    raw = await redis.get("{wm}:token-secrets")
    assert isinstance(raw, bytes)
    assert first.id.encode() not in raw and raw.count(b'"made_at_ms"') == 2


async def test_a_key_is_found_by_its_id_while_it_lives(redis: Redis) -> None:
    at = At()
    key, _ = await apikeys.create_key(redis, 1, "a", expires_at_ms=at.ms + 5)
    assert await apikeys.get_active(redis, 1, key.id, now_ms=at) == key
    assert await apikeys.get_active(redis, 2, key.id, now_ms=at) is None
    assert await apikeys.get_active(redis, 1, "another", now_ms=at) is None
    at.ms += 5
    assert await apikeys.get_active(redis, 1, key.id, now_ms=at) is None
    other, _ = await apikeys.create_key(redis, 1, "b")
    await apikeys.revoke(redis, 1, other.id)
    assert await apikeys.get_active(redis, 1, other.id, now_ms=at) is None
