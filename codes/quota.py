"""Counting what may be done only so often, exactly, whoever else counts at the same time.

An hour is the last sixty minutes: each taking is kept for that long. A month is a calendar month in UTC.
"""

import secrets
from datetime import UTC, datetime
from typing import Literal

import msgspec
from redis.asyncio import Redis

from codes.connection import Script, ask, reaching
from schemas import keys

# What a limit and what is left of it read where there is none.
NO_LIMIT = 2**31 - 1
HOUR_MS = 3600 * 1000
# A month's count outlives it by a day, for clocks that disagree.
_DAY_MS = 24 * HOUR_MS

Per = Literal["hour", "month"]


class Quota(msgspec.Struct, frozen=True):
    """`reset_at` is a Unix time in seconds: when the month ends, or when the first taking of the hour is forgotten.
    `taken` names this taking, for `give_back`."""

    limit: int
    remaining: int
    reset_at: int
    allowed: bool
    taken: str = ""


# ARGV: now, the span, the limit, the name of the taking. Returns whether, how many there are, and the oldest.
_HOUR = Script("""
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
local taken = redis.call('ZCARD', KEYS[1])
local allowed = 0
if taken < tonumber(ARGV[3]) then
  redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  taken = taken + 1
  allowed = 1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {allowed, taken, oldest[2] or ARGV[1]}
""")
# ARGV: the limit, and how long the count is kept. Returns whether, and how many there are.
_MONTH = Script("""
local taken = tonumber(redis.call('GET', KEYS[1]) or 0)
if taken >= tonumber(ARGV[1]) then return {0, taken} end
taken = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1, taken}
""")


@reaching
async def take(redis: Redis, workspace: int, name: str, per: Per, limit: int | None, now: datetime) -> Quota:
    """Takes one, if there is one left. Without a limit there always is; a month counts it all the same, for the plan
    may change. Raises Unavailable."""
    most = NO_LIMIT if limit is None else limit
    now_ms = round(now.timestamp() * 1000)
    if per == "hour" and limit is None:
        # One entry for each taking: there could be any number.
        return Quota(most, most, round(now_ms / 1000), True)
    if per == "hour":
        taking = secrets.token_hex(8)
        at = keys.quota(workspace, name)
        allowed, taken, oldest = await _HOUR.run(redis, [at], now_ms, HOUR_MS, most, taking)
        # Rounded up: at that second there is room.
        reset_at = -(-(int(float(oldest)) + HOUR_MS) // 1000)
    else:
        ends = month_end(now)
        reset_at = round(ends.timestamp())
        taking = keys.quota(workspace, name, f"{now.astimezone(UTC):%Y-%m}")
        allowed, taken = await _MONTH.run(redis, [taking], most, reset_at * 1000 + _DAY_MS - now_ms)
    remaining = NO_LIMIT if limit is None else max(0, most - taken)
    return Quota(most, remaining, reset_at, bool(allowed), taking if allowed else "")


@reaching
async def look(redis: Redis, workspace: int, name: str, limit: int | None, now: datetime) -> Quota:
    """Of a month: what is left, and nothing is taken."""
    taken = int(await ask(redis, "GET", keys.quota(workspace, name, f"{now.astimezone(UTC):%Y-%m}")) or 0)
    remaining = NO_LIMIT if limit is None else max(0, limit - taken)
    most = NO_LIMIT if limit is None else limit
    return Quota(most, remaining, round(month_end(now).timestamp()), remaining > 0)


@reaching
async def give_back(redis: Redis, workspace: int, name: str, quota: Quota) -> None:
    """Of an hour: what was taken for came to nothing."""
    await ask(redis, "ZREM", keys.quota(workspace, name), quota.taken)


def month_end(now: datetime) -> datetime:
    """The first moment of the next month, in UTC."""
    now = now.astimezone(UTC)
    years, month = divmod(now.month, 12)
    return datetime(now.year + years, month + 1, 1, tzinfo=UTC)
