"""Quotas of a workspace: how often it may do something, and how much it may keep.

Rates are exact, whoever else counts at the same time. An hour is the last sixty minutes: each use is remembered for
that long. A month is a calendar month in UTC.

Sizes are stored beside what they measure, under the workspace (`codes.index`, `codes.static_codes`, `codes.files`),
one for each code, so writing one twice counts it once. Writes that run at the same moment may exceed a limit by their
own size; `codes.plan_limits` counts codes exactly when a workspace is near the limit of its plan.
"""

import secrets
from datetime import UTC, datetime
from typing import Literal

import msgspec
from redis.asyncio import Redis

from codes.errors import NotInPlan
from codes.plans import Plan
from codes.redis_client import Script, command, raises_unavailable
from schemas import keys
from schemas.code import Code, StaticCode

# The limit and the remainder that are reported when there is no limit.
NO_LIMIT = 2**31 - 1
HOUR_MS = 3600 * 1000
# A month's count outlives it by a day, for clocks that disagree.
_DAY_MS = 24 * HOUR_MS

# Names of counts in Redis.
TOTAL = "total"
FILES = "files"
MADE = "made"

Per = Literal["hour", "month"]


class Quota(msgspec.Struct, frozen=True):
    """`reset_at` is a Unix time in seconds: when the month ends, or when the oldest use within the hour expires.
    `taken` names this use, for `give_back`."""

    limit: int
    remaining: int
    reset_at: int
    allowed: bool
    taken: str = ""


# ARGV: now, the span, the limit, the name of this use. Returns whether it is allowed, the number of uses, the oldest.
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
# ARGV: the limit, and how long the count is kept. Returns whether it is allowed, and the number of uses.
_MONTH = Script("""
local taken = tonumber(redis.call('GET', KEYS[1]) or 0)
if taken >= tonumber(ARGV[1]) then return {0, taken} end
taken = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1, taken}
""")


@raises_unavailable
async def take(redis: Redis, workspace: int, name: str, per: Per, limit: int | None, now: datetime) -> Quota:
    """Use one, if one is left. Without a limit one always is; a month counts it all the same, since the plan may
    change. Raises Unavailable."""
    most = NO_LIMIT if limit is None else limit
    now_ms = round(now.timestamp() * 1000)
    if per == "hour" and limit is None:
        # Each use would be an entry, without bound.
        return Quota(most, most, round(now_ms / 1000), True)
    if per == "hour":
        use = secrets.token_hex(8)
        at = keys.quota(workspace, name)
        allowed, taken, oldest = await _HOUR.run(redis, [at], now_ms, HOUR_MS, most, use)
        # Rounded up: from that second on one is free.
        reset_at = -(-(int(float(oldest)) + HOUR_MS) // 1000)
    else:
        ends = month_end(now)
        reset_at = round(ends.timestamp())
        use = keys.quota(workspace, name, f"{now.astimezone(UTC):%Y-%m}")
        allowed, taken = await _MONTH.run(redis, [use], most, reset_at * 1000 + _DAY_MS - now_ms)
    remaining = NO_LIMIT if limit is None else max(0, most - taken)
    return Quota(most, remaining, reset_at, bool(allowed), use if allowed else "")


@raises_unavailable
async def peek(redis: Redis, workspace: int, name: str, limit: int | None, now: datetime) -> Quota:
    """Return what is left of the month, and use none."""
    taken = int(await command(redis, "GET", keys.quota(workspace, name, f"{now.astimezone(UTC):%Y-%m}")) or 0)
    remaining = NO_LIMIT if limit is None else max(0, limit - taken)
    most = NO_LIMIT if limit is None else limit
    return Quota(most, remaining, round(month_end(now).timestamp()), remaining > 0)


@raises_unavailable
async def give_back(redis: Redis, workspace: int, name: str, quota: Quota) -> None:
    """Return one use of the hour, when nothing came of it."""
    await command(redis, "ZREM", keys.quota(workspace, name), quota.taken)


def month_end(now: datetime) -> datetime:
    """Return the first moment of the next month, in UTC."""
    now = now.astimezone(UTC)
    years, month = divmod(now.month, 12)
    return datetime(now.year + years, month + 1, 1, tzinfo=UTC)


def stored_size(code: Code | StaticCode) -> int:
    """Return the bytes that a code takes up; each alias stores its route once more."""
    size = len(msgspec.json.encode(code))
    return size * (1 + len(code.aliases)) if isinstance(code, Code) else size


async def count_codes(redis: Redis, workspace: int) -> int:
    """Count the codes of a workspace, static ones included."""
    codes = await command(redis, "ZCARD", keys.workspace_codes(workspace))
    return int(codes) + int(await command(redis, "ZCARD", keys.workspace_static_numbers(workspace)))


async def check_code_bytes(redis: Redis, plan: Plan, workspace: int, more: int) -> None:
    """Check that the codes of the workspace may grow by `more` bytes. Raises NotInPlan."""
    kept = int(await command(redis, "HGET", keys.workspace_sizes(workspace), TOTAL) or 0)
    if more > 0 and kept + more > plan.code_bytes:
        raise NotInPlan("limit", "code_bytes", plan.says("code_bytes", limit=plan.code_bytes))


async def count_new_slugs(redis: Redis, plan: Plan, workspace: int, slugs: int, now_ms: int) -> None:
    """Count new codes, slugs and aliases against the month's limit. Each leaves something behind when it is deleted: a
    tombstone that keeps its slug from others, and an order to erase its scans. Raises NotInPlan."""
    for _ in range(slugs):
        await _count_new_slug(redis, plan, workspace, now_ms)


async def _count_new_slug(redis: Redis, plan: Plan, workspace: int, now_ms: int) -> None:
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    taken = await take(redis, workspace, MADE, "month", plan.made_per_month, now)
    if not taken.allowed:
        wait_s = max(1, taken.reset_at - int(now.timestamp()))
        raise NotInPlan("rate", "made_per_month", plan.says("made_per_month", limit=taken.limit), None, wait_s)
